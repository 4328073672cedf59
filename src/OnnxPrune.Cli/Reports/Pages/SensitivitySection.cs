using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The damage of each possible cut, those that were taken in colour.</summary>
internal static class SensitivitySection
{
    private const double LeastColumn = 5;

    // What does less than this part of the largest damage is rounding.
    private const double Negligible = 1e-5;

    /// <summary>The shares of the channels that tables show.</summary>
    public static double[] Shares { get; } = [0.75, 0.5, 0.25];

    /// <summary>Null where nothing was measured.</summary>
    /// <param name="isPlanned">Whether some of the cuts were taken.</param>
    public static Section? Of(ReportSensitivity sensitivity, bool isPlanned)
    {
        Point[] points =
        [
            .. sensitivity.Groups.SelectMany(
                (g, i) =>
                    g.Options.Select(
                        o => new Point(
                            i,
                            o.Damage,
                            isPlanned && o.Kept == g.Kept ? "taken" : "option",
                            $"{g.Name}: {o.Kept} of {g.Channels} channels left"))),
            .. sensitivity.Blocks.Select(
                (b, i) => new Point(sensitivity.Groups.Count + i, b.Damage, isPlanned && b.Removed ? "taken" : "g3", $"{b.Name}: removed")),
        ];
        Point[] shown = [.. points.Where(p => p.Y > 0 && double.IsFinite(p.Y)).OrderBy(p => p.Style == "taken")];
        var negligible = Negligible * shown.Select(p => p.Y).DefaultIfEmpty(1).Max();
        var places = sensitivity.Groups.Count + sensitivity.Blocks.Count;
        return places == 0 ? null : new Section(
            "sensitivity",
            "Damage of each cut",
            Element.Of(
                "p",
                "What cutting one place by itself does to the outputs, measured after repair on calibration inputs: "
                + "the divergence of a classifier's softened answers, or the relative squared error of other outputs."),
            shown.Length == 0 ? null : ScatterChart.Of(
                "damage",
                "Damage of each possible cut, by place",
                "Across: the groups of channels in the network's order, then the blocks. Up: the damage, on a logarithmic scale. "
                + "Several points of one group keep ever fewer channels. A point on the axis does as little or less.",
                new ScatterAxis(-1, places, _ => ""),
                ScatterAxis.Over(shown.Select(p => Math.Max(p.Y, negligible)), Chart.Short, isLogarithmic: true),
                shown,
                Chart.Legend([("option", "channels of a group"), ("g3", "a block"), .. isPlanned ? new[] { ("taken", "taken") } : []]),
                leastWidth: Math.Max(320, places * LeastColumn)),
            Table.Folded(
                "Damage of cutting each group to a part of its channels",
                ["Group", "Channels", .. Shares.Select(s => $"to {Numbers.Percent(s)}"), .. isPlanned ? new[] { "Kept" } : []],
                sensitivity.Groups.Select(g => new[] { g.Name, Numbers.Plain(g.Channels) }.Concat(Shares.Select(s => Damage(g, s)))
                    .Concat(isPlanned ? [Numbers.Plain(g.Kept)] : [])
                    .ToArray())),
            sensitivity.Blocks.Count == 0 ? null : Table.Folded(
                "Damage of removing each block",
                ["Block", "Damage", .. isPlanned ? new[] { "Removed" } : []],
                sensitivity.Blocks.Select(b => new[] { b.Name, Chart.Short(b.Damage) }.Concat(isPlanned ? [b.Removed ? "yes" : "no"] : [])
                    .ToArray())));
    }

    /// <summary>
    /// The damage with the count that is nearest to the share, among those that keep no more; a dash where there is none.
    /// </summary>
    public static string Damage(ReportGroupDamage group, double share) =>
        group.Options.Where(o => o.Kept <= share * group.Channels).MaxBy(o => o.Kept) is { } option ? Chart.Short(option.Damage) : "-";
}
