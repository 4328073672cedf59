using System.Globalization;
using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The time of each layer beside its share of the MACs, and how much of what the MACs promise became real.</summary>
internal static class LayerTimesSection
{
    public static Section Of(ReportLayerTimes times) =>
        new("layer-times", "Time by layer", times.WhyNone is { } why ? [Element.Of("p", why)] : Content(times));

    private static IEnumerable<Element> Content(ReportLayerTimes times) =>
    [
        Element.Of("p", Gain(times)),
        Element.Of("p", Rest(times)),
        Times(times),
        Macs(times),
        Table.Folded(
            "Time and MACs by layer",
            ["Layer", "Operator", "MACs", "after", "Time", "after", "Ideal"],
            times.Layers.Select(l => new[]
            {
                l.Name, l.Operator, Percent(l.MacsShare), Percent(l.MacsShareAfter), Time(l.OriginalMs), Time(l.PrunedMs), Time(l.IdealMs),
            }),
            2),
    ];

    private static string Gain(ReportLayerTimes times) => times.IdealSpeedup is { } ideal
        ? $"Ideal by MACs: {Numbers.Times(ideal)} as fast; real: {Numbers.Times(times.RealSpeedup)}."
        : $"Real: {Numbers.Times(times.RealSpeedup)} as fast; by MACs nothing is left to do.";

    private static string Rest(ReportLayerTimes times)
    {
        var (before, after) = (times.Layers.Sum(l => l.OriginalMs ?? 0), times.Layers.Sum(l => l.PrunedMs ?? 0));
        return $"In {Numbers.Count(times.Runs, "run")} of each that ONNX Runtime profiled, the layers with weights took "
            + $"{Numbers.Milliseconds(before)} of {Numbers.Milliseconds(before + times.OriginalRestMs)} before and "
            + $"{Numbers.Milliseconds(after)} of {Numbers.Milliseconds(after + times.PrunedRestMs)} after; the rest went to other "
            + "operators.";
    }

    private static Element Times(ReportLayerTimes times)
    {
        // Short numbers fit beside the axis of a phone.
        var (scale, unit) = times.Layers.All(l => Math.Max(l.OriginalMs ?? 0, l.PrunedMs ?? 0) < 1)
            ? (1000, "Microseconds")
            : (1, "Milliseconds");
        return PairChart.Of(
            "layer-times-chart",
            $"{unit} of each layer before and after, in the network's order",
            $"{unit} within a whole run. The line is what the layer would take by its MACs."
                + (times.Layers.Any(l => l.OriginalMs is null || l.PrunedMs is null)
                    ? " Layers that the runtime made one operator of with others have no time."
                    : ""),
            [.. times.Layers.Select(l => new ColumnPair(
                scale * (l.OriginalMs ?? 0),
                scale * (l.PrunedMs ?? 0),
                scale * l.IdealMs,
                $"{l.Name}: {Time(l.OriginalMs)} to {Time(l.PrunedMs)}, ideal {Time(l.IdealMs)}"))],
            Chart.Short,
            "ideal by MACs");
    }

    private static Element Macs(ReportLayerTimes times) => PairChart.Of(
        "layer-macs-chart",
        "Share of the original's MACs of each layer before and after, in the same order",
        "Percent of all MACs of the original, layer by layer as above.",
        [.. times.Layers.Select(l => new ColumnPair(
            100 * l.MacsShare, 100 * l.MacsShareAfter, null, $"{l.Name}: {Percent(l.MacsShare)} to {Percent(l.MacsShareAfter)}"))],
        Chart.Short);

    private static string Time(double? milliseconds) => milliseconds is { } time ? Numbers.Milliseconds(time) : "-";

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
