using OnnxPrune.Cli.Reports.Pages;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Charts;

/// <summary>Two distributions of times, one over the other, with their quantiles below.</summary>
internal static class HistogramChart
{
    private const int MostBins = 48;
    private const int FewestBins = 8;
    private const double Height = 150;
    private const double Strip = 16;

    // Beyond this, single rounds that were interrupted would squeeze all others.
    private const double Shown = 0.99;
    private const double Beyond = 1.05;

    // On a busy machine even one round in a hundred is.
    private const double MostMedians = 2;

    /// <param name="original">Milliseconds of every round; at least one.</param>
    /// <param name="originalQuantiles">P50, P90 and P99 of the original, as of the other.</param>
    public static Element Of(
        string id,
        string title,
        IReadOnlyList<double> original,
        IReadOnlyList<double> other,
        double[] originalQuantiles,
        double[] otherQuantiles)
    {
        var least = Math.Min(original.Min(), other.Min());
        var most = Beyond * Math.Min(
            Math.Max(Quantile(original, Shown), Quantile(other, Shown)),
            MostMedians * Math.Max(Quantile(original, 0.5), Quantile(other, 0.5)));

        // Few rounds in many bins would show nothing but single rounds.
        var bins = Math.Clamp((int)(2 * Math.Sqrt(original.Count)), FewestBins, MostBins);
        var (first, second) = (Count(original, least, most, bins), Count(other, least, most, bins));
        var highest = Math.Max(1, Math.Max(first.Max(), second.Max()));
        var baseline = Chart.Top + Height;
        var hidden = original.Concat(other).Count(t => t > most);
        Element[] marks =
        [
            .. Chart.Grid(Chart.Round(0, highest, 3)
                .Where(double.IsInteger)
                .Select(n => (baseline - (Height * n / highest), Chart.Short(n)))),
            .. Bars(first, highest, baseline, "before overlaid"),
            .. Bars(second, highest, baseline, "after overlaid"),
            .. Chart.Axis(baseline, Chart.Round(least, most, 5).Select(t => ((t - least) / (most - least), $"{Chart.Short(t)} ms"))),
            .. Quantiles(originalQuantiles, least, most, baseline + 28, "before"),
            .. Quantiles(otherQuantiles, least, most, baseline + 28 + Strip, "after"),
        ];
        var rest = hidden > 0
            ? $" {Numbers.Count(hidden, "round")} of {Numbers.Count(original.Count + other.Count)} took longer than what is drawn; "
                + "a tick at the right end may lie beyond it."
            : "";
        return Chart.Of(
            id,
            title,
            $"How many rounds took how long. The lines below reach from the median (dot) over P90 to P99 (ticks).{rest}",
            baseline + 28 + (2 * Strip),
            marks,
            Chart.Legend(("before", "original"), ("after", "result")));
    }

    private static double Quantile(IReadOnlyList<double> values, double share) =>
        values.Order().ElementAt((int)(share * (values.Count - 1)));

    private static int[] Count(IReadOnlyList<double> values, double least, double most, int bins)
    {
        var counts = new int[bins];
        foreach (var value in values.Where(v => v <= most))
        {
            counts[Math.Min(bins - 1, (int)(bins * (value - least) / (most - least)))]++;
        }

        return counts;
    }

    private static IEnumerable<Element> Bars(int[] counts, double highest, double baseline, string style) =>
        counts.Select((count, i) => (Count: count, Bin: i)).Where(b => b.Count > 0)
        .Select(
            b => Chart.Rect(
                Chart.X((double)b.Bin / counts.Length),
                baseline - (Height * b.Count / highest),
                (Chart.Right - Chart.Left) / counts.Length,
                Height * b.Count / highest,
                style));

    private static IEnumerable<Element> Quantiles(double[] times, double least, double most, double y, string style)
    {
        double[] places = [.. times.Select(t => Chart.X(Math.Clamp((t - least) / (most - least), 0, 1)))];
        return
        [
            Chart.Line(places[0], y, places[^1], y, style),
            Chart.Dot(places[0], y, 5, style),
            .. places.Skip(1).Select(x => Chart.Line(x, y - 5, x, y + 5, style)),
        ];
    }
}
