using OnnxPrune.Cli.Reports.Pages;

namespace OnnxPrune.Cli.Reports.Charts;

/// <summary>A point of a <see cref="ScatterChart"/>.</summary>
/// <param name="Style">The class of its colour.</param>
/// <param name="Low">The lower end of a line through it along y; null for no line.</param>
internal sealed record Point(double X, double Y, string Style, string Tip, double? Low = null, double? High = null);

/// <summary>One axis of a <see cref="ScatterChart"/>.</summary>
/// <param name="IsLogarithmic">Whether equal factors take equal room; wants values above 0.</param>
internal sealed record ScatterAxis(double Least, double Most, Func<double, string> Text, bool IsLogarithmic = false)
{
    /// <summary>An axis over values, with a little room around them.</summary>
    public static ScatterAxis Over(IEnumerable<double> values, Func<double, string> text, bool isLogarithmic = false)
    {
        double[] all = [.. values.Where(v => double.IsFinite(v) && (!isLogarithmic || v > 0))];
        var (least, most) = all.Length == 0 ? (isLogarithmic ? 0.1 : 0, 1.0) : (all.Min(), all.Max());
        if (isLogarithmic)
        {
            return new ScatterAxis(least / 1.5, most * 1.5, text, isLogarithmic);
        }

        var room = Math.Max((most - least) * 0.05, Math.Max(Math.Abs(most), 1e-9) * 0.01);
        return new ScatterAxis(least - room, most + room, text);
    }

    /// <summary>The place of a value, 0 to 1; those outside lie at an end.</summary>
    public double Share(double value)
    {
        var share = IsLogarithmic ? Math.Log(Math.Max(value, Least) / Least) / Math.Log(Most / Least) : (value - Least) / (Most - Least);
        return double.IsFinite(share) ? Math.Clamp(share, 0, 1) : 1;
    }

    public IEnumerable<double> Ticks(int about)
    {
        if (!IsLogarithmic)
        {
            return Chart.Round(Least, Most, about);
        }

        var (first, last) = ((int)Math.Ceiling(Math.Log10(Least)), (int)Math.Floor(Math.Log10(Most)));
        var step = Math.Max(1, (last - first) / about);
        return last < first
            ? [Math.Sqrt(Least * Most)]
            : Enumerable.Range(first, last - first + 1).Where(p => (p - first) % step == 0).Select(p => Math.Pow(10, p));
    }
}

/// <summary>Points over two axes.</summary>
internal static class ScatterChart
{
    private const double Height = 220;
    private const double Radius = 4;

    /// <param name="limit">The y of a line across; null for none.</param>
    public static Element Of(
        string id, string title, string caption, ScatterAxis x, ScatterAxis y, IEnumerable<Point> points, Element? legend,
        double? limit = null, double leastWidth = 0)
    {
        var baseline = Chart.Top + Height;
        Element[] marks =
        [
            .. Chart.Grid(y.Ticks(4).Select(t => (At(t), y.Text(t)))),
            .. Chart.Axis(baseline, x.Ticks(5).Select(t => (x.Share(t), x.Text(t)))),
            .. limit is { } across ? new[] { Chart.Line(Chart.Left, At(across), Chart.Right, At(across), "limit") } : [],
            .. points.SelectMany(Marks),
        ];
        return Chart.Of(id, title, caption, baseline + 20, marks, legend, leastWidth);

        double At(double value) => baseline - (Height * y.Share(value));

        Element[] Marks(Point point)
        {
            var place = Chart.X(x.Share(point.X));
            var dot = Chart.Dot(place, At(point.Y), Radius, point.Style, point.Tip);
            return point is { Low: { } low, High: { } high } ? [Chart.Line(place, At(low), place, At(high), "whisker"), dot] : [dot];
        }
    }
}
