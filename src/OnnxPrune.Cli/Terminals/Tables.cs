using Spectre.Console;

namespace OnnxPrune.Cli.Terminals;

/// <summary>Tables without borders: the same on a terminal and in a pipe. The first column is left aligned, the others right.</summary>
internal static class Tables
{
    private const int Gap = 2;
    private const int NarrowestName = 16;

    /// <param name="wholeNames">Whether the first column is shown whole where a program reads it, a verbose run was asked for, or the
    /// window is wide enough.</param>
    public static void Show(Terminal terminal, IReadOnlyList<string> columns, IEnumerable<string[]> rows, bool wholeNames = false)
    {
        string[][] cells = [.. rows.Select(r => Array.ConvertAll(r, SanitizedText.Of))];
        var widths = columns.Select((c, i) => cells.Select(r => r[i].Length).Append(c.Length).Max()).ToArray();
        var rest = widths.Skip(1).Sum(w => w + Gap);
        var room = wholeNames && (terminal.IsVerbose || rest + widths[0] <= terminal.TableWidth)
            ? widths[0]
            : Math.Max(NarrowestName, terminal.Width - rest);
        var table = new Table().Border(TableBorder.None);
        for (var i = 0; i < columns.Count; i++)
        {
            // Names come from models and may hold what Spectre takes for markup, so all cells are plain text.
            table.AddColumn(new TableColumn(new Text(columns[i], new Style(decoration: Decoration.Bold)))
            {
                Alignment = i == 0 ? Justify.Left : Justify.Right,
                Padding = new Padding(0, 0, i == columns.Count - 1 ? 0 : Gap, 0),
                Width = i == 0 ? Math.Min(room, widths[0]) : widths[i],
                NoWrap = true,
            });
        }

        foreach (var row in cells)
        {
            table.AddRow(row.Select((cell, i) => new Text(i == 0 ? WordWrap.Shorten(cell, room) : cell)));
        }

        terminal.Write(table, rest + Math.Min(room, widths[0]));
    }
}
