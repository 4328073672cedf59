using OnnxPrune.Cli.Reports.Pages;

namespace OnnxPrune.Cli.Reports.Charts;

/// <summary>Two columns side by side: before and after.</summary>
/// <param name="Mark">Where a line lies across the column after; null for none.</param>
/// <param name="Tip">What a pointer over it shows.</param>
internal sealed record ColumnPair(double Before, double After, double? Mark, string Tip);

/// <summary>Pairs of columns in one order.</summary>
internal static class PairChart
{
    private const double Height = 150;
    private const double LeastPair = 8;
    private const double Gap = 0.2;

    /// <param name="pairs">At least one.</param>
    /// <param name="text">Of the numbers along the axis.</param>
    /// <param name="mark">What the lines mean; null where there are none.</param>
    public static Element Of(
        string id, string title, string caption, IReadOnlyList<ColumnPair> pairs, Func<double, string> text, string? mark = null)
    {
        var most = pairs.Max(p => Math.Max(p.Before, Math.Max(p.After, p.Mark ?? 0)));
        var baseline = Chart.Top + Height;
        var width = (Chart.Right - Chart.Left) / pairs.Count;
        return Chart.Of(
            id,
            title,
            caption,
            baseline + 6,
            [
                .. Chart.Grid(Chart.Round(0, most, 4).Select(n => (baseline - Length(n), text(n)))),
                .. pairs.Select((p, i) => Marks(p, Chart.Left + (i * width))),
                .. Chart.Axis(baseline, []),
            ],
            Chart.Legend([("before", "original"), ("after", "result"), .. mark is null ? [] : new[] { ("ideal", mark) }]),
            Math.Max(320, pairs.Count * LeastPair));

        double Length(double value) => most > 0 ? Height * value / most : 0;

        Element Marks(ColumnPair pair, double x)
        {
            var inner = width * (1 - Gap) / 2;
            return Element.Of(
                "g",
                Element.Of("title", pair.Tip),
                Chart.Rect(x, baseline - Length(pair.Before), inner, Length(pair.Before), "before"),
                Chart.Rect(x + inner, baseline - Length(pair.After), inner, Length(pair.After), "after"),
                pair.Mark is { } at
                    ? Chart.Line(x + inner, baseline - Length(at), x + (2 * inner), baseline - Length(at), "ideal")
                    : null);
        }
    }
}
