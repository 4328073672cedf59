using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The networks that a search tried.</summary>
internal static class SearchSection
{
    /// <summary>Of a search for a target of time; null where it tried none.</summary>
    public static Section? Of(ReportSearch search, ReportModel original)
    {
        if (search.Tried.Count == 0)
        {
            return null;
        }

        var points = search.Tried.Select((t, i) => new Point(
            (double)t.Macs / original.Macs,
            t.Used,
            t.Used <= 1 ? "after" : "before",
            $"{i + 1}: {Numbers.Share(t.Macs, original.Macs)} of the MACs, {Numbers.Percent(t.Used)} of the time",
            t.UsedLow,
            t.UsedHigh)).ToArray();
        return new Section(
            "search",
            "Search for the target of time",
            ScatterChart.Of(
                "tried",
                "Time that the tried networks use, over their MACs",
                "Each point is a network that was raced: across its MACs, up the share of the time that the targets leave; the line is the "
                    + "limit.",
                ScatterAxis.Over(points.Select(p => p.X), Share),
                ScatterAxis.Over([.. points.SelectMany(p => new[] { p.Y, p.Low!.Value, p.High!.Value }), 1], Share),
                points,
                Chart.Legend(("after", "keeps the targets"), ("before", "too slow")),
                limit: 1),
            Table.Of(
                "Networks in the order in which they were raced",
                ["", "MACs", "Parameters", "Speed", "Time used", "Races"],
                search.Tried.Select((t, i) => new[]
                {
                    Numbers.Plain(i + 1),
                    Numbers.Count(t.Macs),
                    Numbers.Count(t.Parameters),
                    Numbers.Times(t.Speedup),
                    Numbers.Percent(t.Used),
                    Numbers.Plain(t.Races),
                })));
    }

    /// <summary>Of a search within limits of loss.</summary>
    /// <param name="drift">The largest drift that is allowed; null where accuracy alone decides.</param>
    public static Section Of(IReadOnlyList<ReportLossTrial> tried, double? drift, double? drop)
    {
        var byDrop = drift is null && drop is not null;
        var points = tried.Select((t, i) => (Trial: t, Y: byDrop ? t.Drop : t.Drift)).Where(t => t.Y is { } y && double.IsFinite(y))
            .Select(
                t => new Point(
                    t.Trial.MacsShare,
                    t.Y!.Value,
                    t.Trial.Within ? "after" : "before",
                    $"{Numbers.Percent(t.Trial.MacsShare)} of the MACs")).ToArray();
        return new Section(
            "search",
            "Search within the limits",
            ScatterChart.Of(
                "tried",
                byDrop
                    ? "Points of accuracy that the tried networks lose, over their MACs"
                    : "Drift of the tried networks, over their MACs",
                "Each point is a network that was made and measured on the way; the line is the limit.",
                ScatterAxis.Over(points.Select(p => p.X), Share),
                ScatterAxis.Over(
                    [.. points.Select(p => p.Y), .. (byDrop ? drop : drift) is { } limit ? new[] { limit } : [], 0],
                    Chart.Short),
                points,
                Chart.Legend(("after", "within the limits"), ("before", "too much")),
                limit: byDrop ? drop : drift),
            Table.Of(
                "Networks in the order in which they were tried",
                ["MACs", "Drift", "Points lost", "Within"],
                tried.Select(t => new[]
                {
                    Numbers.Percent(t.MacsShare),
                    t.Drift is { } d ? Numbers.Drift(d) : "",
                    t.Drop is { } p ? Chart.Short(p) : "",
                    t.Within ? "yes" : "no",
                })));
    }

    /// <summary>For an axis.</summary>
    private static string Share(double share) => $"{Chart.Short(100 * share)} %";
}
