using Spectre.Console;

namespace OnnxPrune.Cli.Terminals;

/// <summary>Tables without borders: the same on a terminal and in a pipe. The first column is left aligned, the others right.</summary>
internal static class Tables
{
    public static void Show(Terminal terminal, IReadOnlyList<string> columns, IEnumerable<string[]> rows, int leftColumns = 1)
    {
        var table = new Table().Border(TableBorder.None);
        for (var i = 0; i < columns.Count; i++)
        {
            // Names come from models and may hold what Spectre takes for markup, so all cells are plain text.
            var column = new TableColumn(new Text(columns[i], new Style(decoration: Decoration.Bold)))
            {
                Alignment = i < leftColumns ? Justify.Left : Justify.Right,
                Padding = new Padding(0, 0, i == columns.Count - 1 ? 0 : 2, 0),
            };
            column.NoWrap = i >= leftColumns;
            table.AddColumn(column);
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        terminal.Results.Write(table);
    }
}
