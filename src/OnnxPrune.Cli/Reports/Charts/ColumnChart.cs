using OnnxPrune.Cli.Reports.Pages;

namespace OnnxPrune.Cli.Reports.Charts;

/// <summary>A column: the whole is drawn faint, what is left of it in full.</summary>
/// <param name="Style">The class of its colour.</param>
/// <param name="Tip">What a pointer over it shows.</param>
internal sealed record Column(double Whole, double Left, string Style, string Tip);

/// <summary>Columns side by side in one order.</summary>
internal static class ColumnChart
{
    private const double Height = 180;
    private const double LeastColumn = 4;
    private const double Gap = 0.25;

    // Beyond this ratio the smallest columns could not be seen.
    private const double LargestRatio = 10;

    /// <param name="columns">At least one.</param>
    public static Element Of(string id, string title, string caption, IReadOnlyList<Column> columns, Element legend)
    {
        var (most, least) = (columns.Max(c => c.Whole), columns.Where(c => c.Whole > 0).Select(c => c.Whole).DefaultIfEmpty(1).Min());
        var isSquareRoot = most > LargestRatio * least;
        var baseline = Chart.Top + Height;
        var width = (Chart.Right - Chart.Left) / columns.Count;
        Element[] marks =
        [
            .. Chart.Grid(Ticks(most, isSquareRoot).Select(n => (baseline - Length(n), Chart.Short(n)))),
            .. columns.SelectMany((c, i) => Marks(c, Chart.Left + (i * width))),
            .. Chart.Axis(baseline, []),
        ];
        return Chart.Of(
            id,
            title,
            isSquareRoot ? $"{caption} Heights grow with the square root." : caption,
            baseline + 6,
            marks,
            legend,
            Math.Max(320, columns.Count * LeastColumn));

        double Length(double value) => Height * (isSquareRoot ? Math.Sqrt(value / most) : value / most);

        Element[] Marks(Column column, double x)
        {
            var inner = width * (1 - Gap);
            return
            [
                Element.Of(
                    "g",
                    Element.Of("title", column.Tip),
                    Chart.Rect(x, baseline - Length(column.Whole), inner, Length(column.Whole), $"{column.Style} faint"),
                    Chart.Rect(x, baseline - Length(column.Left), inner, Length(column.Left), column.Style)),
            ];
        }
    }

    private static IEnumerable<double> Ticks(double most, bool isSquareRoot) =>
        isSquareRoot ? new[] { 1 / 16.0, 0.25, 9 / 16.0, 1 }.Select(share => Math.Round(share * most)) : Chart.Round(0, most, 4);
}
