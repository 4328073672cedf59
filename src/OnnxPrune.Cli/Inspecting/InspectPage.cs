using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Inspecting;

/// <summary>The page that <c>inspect</c> prints for people.</summary>
internal static class InspectPage
{
    private const int TopRows = 12;
    private const int MostNames = 4;

    public static void Show(InspectDocument document, Terminal terminal)
    {
        Head(document, terminal);
        Section(
            terminal,
            "Residual blocks",
            ["Join", "Shortcut", "MACs", "Parameters", "Removable"],
            document.Blocks,
            b => [b.Name, b.Shortcut, Numbers.Count(b.Macs), Numbers.Count(b.Params), b.Obstacle is null ? "yes" : $"no: {b.Obstacle}"]);
        Section(
            terminal,
            "Coupled channels, by the MACs that depend on them",
            ["First layer", "Layers bound", "Channels", "MACs", "Parameters"],
            document.Groups,
            g => [g.Name, Numbers.Count(g.Producers.Count), Numbers.Count(g.Channels), Numbers.Count(g.Macs), Numbers.Count(g.Params)]);
        Bindings(document, terminal);
        Section(
            terminal,
            "Layers, by MACs",
            ["Layer", "Operator", "Weight", "MACs", "Parameters"],
            [.. document.Layers.OrderByDescending(l => l.Macs).ThenByDescending(l => l.Params)],
            l => [l.Name, l.Operator, string.Join('x', l.Weight), Numbers.Count(l.Macs), Numbers.Count(l.Params)]);
        if (document.Sensitivity is { } sensitivity)
        {
            SensitivityTable.Show(sensitivity, terminal);
        }

        Blocked(document, terminal);
        Uncounted(document, terminal);
    }

    private static void Uncounted(InspectDocument document, Terminal terminal)
    {
        if (document.Uncounted.Count == 0)
        {
            return;
        }

        terminal.Line();
        terminal.Title("Layers whose MACs are not known: the numbers above leave them out");
        foreach (var layer in document.Uncounted.Take(terminal.IsVerbose ? int.MaxValue : TopRows))
        {
            terminal.Line($"  {layer.Operator} {layer.Name}: {layer.Reason}");
        }

        if (document.Uncounted.Count > TopRows && !terminal.IsVerbose)
        {
            terminal.Line($"... and {Numbers.Count(document.Uncounted.Count - TopRows)} more; -v shows all");
        }
    }

    /// <summary>Which layers lose their channels together.</summary>
    private static void Bindings(InspectDocument document, Terminal terminal)
    {
        foreach (var group in document.Groups.Where(g => g.Producers.Count > 1).Take(terminal.IsVerbose ? int.MaxValue : TopRows))
        {
            var shown = terminal.IsVerbose ? group.Producers : [.. group.Producers.Take(MostNames)];
            var rest = group.Producers.Count - shown.Count;
            terminal.Line($"  bound: {string.Join(", ", shown)}{(rest > 0 ? $" and {Numbers.Plain(rest)} more" : "")}", indent: 4);
        }
    }

    private static void Head(InspectDocument document, Terminal terminal)
    {
        terminal.Line(document.File);
        terminal.Line(
            $"  opset {Numbers.Plain(document.Opset)}, {Numbers.Count(document.Nodes, "node")}, {Numbers.Count(document.FileBytes)} bytes");
        terminal.Line(
            $"  {Numbers.Count(document.Macs)} MACs, can go down to {Numbers.Count(document.Smallest.Macs)} "
                + $"({Numbers.Percent(document.Smallest.MacsShare)})");
        terminal.Line(
            $"  {Numbers.Count(document.Params)} parameters, can go down to {Numbers.Count(document.Smallest.Params)} "
                + $"({Numbers.Percent(document.Smallest.ParamsShare)})");
        terminal.Line(
            $"  can be cut: channels {Numbers.Percent(document.Cuttable.ChannelsShare)}; on them depend MACs "
                + $"{Numbers.Percent(document.Cuttable.MacsShare)}, parameters {Numbers.Percent(document.Cuttable.ParamsShare)}");
        foreach (var (kind, values) in new[] { ("input", document.Inputs), ("output", document.Outputs) })
        {
            foreach (var value in values)
            {
                terminal.Line(
                    $"  {kind} {value.Name}: {value.Type} "
                        + $"{(value.Shape is { } shape ? $"[{string.Join(", ", shape)}]" : "of unknown rank")}");
            }
        }

        if (document.CarriesMasks)
        {
            terminal.Line("  carries masks: pruning without a target applies them");
        }
    }

    private static void Section<T>(Terminal terminal, string title, string[] columns, IReadOnlyList<T> rows, Func<T, string[]> cells)
    {
        terminal.Line();
        terminal.Title(rows.Count == 0 ? $"{title}: none" : title);
        if (rows.Count == 0)
        {
            return;
        }

        var shown = terminal.IsVerbose ? rows.Count : TopRows;
        Tables.Show(terminal, columns, rows.Take(shown).Select(cells), wholeNames: true);
        if (rows.Count > shown)
        {
            terminal.Line($"... and {Numbers.Count(rows.Count - shown)} more; -v shows all");
        }
    }

    private static void Blocked(InspectDocument document, Terminal terminal)
    {
        terminal.Line();
        terminal.Title(document.Blocked.Count == 0 ? "Channels that must stay: none" : "Channels that must stay");
        BlockedTable.Show(document.Blocked, terminal);
        if (document.UnknownOperators.Count == 0)
        {
            return;
        }

        terminal.Line();
        terminal.Title("Operators without a rule: the channels that they read stay");
        foreach (var unknown in document.UnknownOperators)
        {
            terminal.Line($"  {unknown.Operator} ({Numbers.Count(unknown.Nodes, "node")}): {unknown.Reason}");
        }
    }
}
