using OnnxPrune.Cli.Reports.Pages;

namespace OnnxPrune.Cli.Reports.Charts;

/// <summary>A pair of bars: before and after.</summary>
/// <param name="Text">Both in words: "40.6 M to 20.2 M (49.9 %)".</param>
/// <param name="Before">The length of the bar, 0 to 1, as that of the other.</param>
/// <param name="BeforeInterval">Where it lies with 95 % of probability; null where nothing is estimated.</param>
internal sealed record BarPair(
    string Name,
    string Text,
    double Before,
    double After,
    (double Low, double High)? BeforeInterval = null,
    (double Low, double High)? AfterInterval = null);

/// <summary>Pairs of bars, one below the other.</summary>
internal static class BarChart
{
    private const double Row = 46;
    private const double Bar = 9;

    public static Element Of(
        string id,
        string title,
        string caption,
        IReadOnlyList<BarPair> pairs,
        string before = "before",
        string after = "after")
    {
        // Longer than the original is possible: then all are drawn shorter.
        var longest = Math.Max(1, pairs.SelectMany(Ends).Where(double.IsFinite).DefaultIfEmpty(1).Max());
        return Chart.Of(
            id,
            title,
            caption,
            (pairs.Count * Row) + 4,
            pairs.SelectMany((p, i) => Marks(p, i * Row, longest)),
            Chart.Legend(("before", before), ("after", after)));
    }

    private static IEnumerable<double> Ends(BarPair pair) =>
        [pair.Before, pair.After, pair.BeforeInterval?.High ?? 0, pair.AfterInterval?.High ?? 0];

    private static IEnumerable<Element> Marks(BarPair pair, double y, double longest) =>
    [
        Chart.Text(0, y + 14, pair.Name),
        Chart.Text(1, y + 14, pair.Text, "end"),
        Chart.Rect(0, y + 20, pair.Before / longest, Bar, "before"),
        Chart.Rect(0, y + 20 + Bar, pair.After / longest, Bar, "after"),
        .. Whisker(pair.BeforeInterval, y + 20 + (Bar / 2), longest),
        .. Whisker(pair.AfterInterval, y + 20 + (1.5 * Bar), longest),
    ];

    private static IEnumerable<Element> Whisker((double Low, double High)? interval, double y, double longest) =>
        interval is var (low, high)
        ?
        [
            Chart.Line(low / longest, y, high / longest, y, "whisker"),
            Chart.Line(low / longest, y - 3, low / longest, y + 3, "whisker"),
            Chart.Line(high / longest, y - 3, high / longest, y + 3, "whisker"),
        ]
        : [];
}
