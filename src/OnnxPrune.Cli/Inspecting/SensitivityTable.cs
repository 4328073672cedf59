using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Cli.Reports.Pages;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Inspecting;

/// <summary>The damage of cutting each group to 75, 50 and 25 % of its channels.</summary>
internal static class SensitivityTable
{
    private const int TopRows = 12;

    /// <summary>The shares of its channels that a group is cut to.</summary>
    public static IReadOnlyList<double> Shares => SensitivitySection.Shares;

    /// <summary>The damages at these shares, in the network's order.</summary>
    public static InspectSensitivity Of(CutCandidates sensitivity, NetworkAnalysis network)
    {
        var names = new NodeNames(network.Model.Graph);
        return new InspectSensitivity(
            [.. sensitivity.Groups.OrderBy(g => g.Group).Select(g => Of(g, network.Channels.Groups[g.Group]))],
            [.. sensitivity.Blocks.Select(b => new InspectBlockDamage(names.Of(b.Block.Join), b.Damage))]);
    }

    /// <summary>The least sensitive first.</summary>
    public static void Show(InspectSensitivity sensitivity, Terminal terminal)
    {
        terminal.Line();
        terminal.Title("Damage of cutting channels to a part, by itself and repaired; the least first");
        Show(
            terminal,
            ["First layer", "Channels", .. Shares.Select(Numbers.Percent)],
            [.. sensitivity.Groups.OrderBy(g => Damage(g, Shares[1]) ?? double.PositiveInfinity)
                .Select(g => new[] { g.Name, Numbers.Plain(g.Channels) }.Concat(Shares.Select(s => Text(Damage(g, s)))).ToArray())]);
        if (sensitivity.Blocks.Count > 0)
        {
            terminal.Line();
            terminal.Title("Damage of removing a block");
            Show(
                terminal,
                ["Join", "Damage"],
                [.. sensitivity.Blocks.OrderBy(b => b.Damage).Select(b => new[] { b.Name, Text(b.Damage) })]);
        }
    }

    /// <summary>The damage of cutting a group to a share of its channels; null where no so deep cut is possible.</summary>
    public static double? Damage(InspectGroupDamage group, double share) =>
        group.Options.FirstOrDefault(o => o.Kept == Kept(group.Channels, share))?.Damage;

    private static InspectGroupDamage Of(GroupDamage damage, Channels.ChannelGroup group)
    {
        var kept = Shares.Select(s => Kept(group.Channels.Count, s)).Distinct().ToHashSet();
        return new InspectGroupDamage(
            group.Name,
            group.Channels.Count,
            [.. damage.Options.Where(o => kept.Contains(o.Kept)).Select(o => new ReportCutDamage(o.Kept, o.Damage))]);
    }

    private static int Kept(int channels, double share) => Math.Max(1, (int)(share * channels));

    private static string Text(double? damage) => damage is { } value ? Chart.Short(value) : "-";

    private static void Show(Terminal terminal, string[] columns, string[][] rows)
    {
        var shown = terminal.IsVerbose ? rows.Length : TopRows;
        Tables.Show(terminal, columns, rows.Take(shown), wholeNames: true);
        if (rows.Length > shown)
        {
            terminal.Line($"... and {Numbers.Count(rows.Length - shown)} more; -v shows all");
        }
    }
}
