using System.Globalization;
using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>Two models side by side: what they cost, how fast and how often right they are.</summary>
internal static class FiguresSection
{
    /// <param name="latency">Null where nothing was raced.</param>
    /// <param name="accuracy">Null where it was not measured.</param>
    public static Section Of(ReportModel original, ReportModel other, ReportLatency? latency, AccuracyPair? accuracy, string otherName)
    {
        var bars = new List<BarPair>
        {
            Counted("MACs", original.Macs, other.Macs),
            Counted("Parameters", original.Parameters, other.Parameters),
            Counted("File", original.FileBytes, other.FileBytes, "B"),
        };
        if (latency is not null)
        {
            bars.Add(new BarPair(
                "Latency",
                $"{Numbers.Milliseconds(latency.OriginalP50Ms)} to {Numbers.Milliseconds(latency.PrunedP50Ms)}",
                1,
                latency.Ratio,
                AfterInterval: latency is { SpeedupLow: > 0, SpeedupHigh: > 0 }
                    ? (1 / latency.SpeedupHigh, 1 / latency.SpeedupLow)
                    : null));
        }

        if (accuracy is var (before, after, beforeInterval, afterInterval))
        {
            bars.Add(new BarPair("Top-1", $"{Percent(before)} to {Percent(after)}", before, after, beforeInterval, afterInterval));
        }

        var shown = bars.Where(b => double.IsFinite(b.After)).ToArray();
        return new Section(
            "figures",
            "Before and after",
            BarChart.Of(
                "bars",
                $"What the original and the {otherName} cost",
                "Costs as shares of the original; accuracy as a share of the samples. Thin lines: where the value lies with 95 % of "
                    + "probability.",
                shown,
                "original",
                otherName),
            Table.Of($"Original and {otherName}", ["", "Original", Capital(otherName), "Ratio"], Rows(original, other, latency, accuracy)));
    }

    private static IEnumerable<string[]> Rows(ReportModel original, ReportModel other, ReportLatency? latency, AccuracyPair? accuracy)
    {
        yield return Row("Nodes", original.Nodes, other.Nodes);
        yield return Row("Blocks", original.Blocks, other.Blocks);
        yield return Row("Channels", original.Channels, other.Channels);
        yield return Row("Parameters", original.Parameters, other.Parameters);
        yield return Row("MACs", original.Macs, other.Macs);
        yield return Row("File size (bytes)", original.FileBytes, other.FileBytes);
        if (latency is not null)
        {
            yield return
            [
                "Latency P50",
                Numbers.Milliseconds(latency.OriginalP50Ms),
                Numbers.Milliseconds(latency.PrunedP50Ms),
                Numbers.Share(latency.PrunedP50Ms, latency.OriginalP50Ms),
            ];
            yield return
            [
                "Speed, by rounds",
                "",
                Numbers.Times(latency.Speedup),
                Numbers.Between((latency.SpeedupLow, latency.SpeedupHigh)),
            ];
        }

        if (accuracy is var (before, after, _, _))
        {
            yield return
            [
                "Top-1 accuracy",
                Percent(before),
                Percent(after),
                string.Create(CultureInfo.InvariantCulture, $"{100 * (after - before):+0.00;-0.00;0.00} points"),
            ];
        }
    }

    private static BarPair Counted(string name, long original, long other, string unit = "") => new(
        name,
        $"{Chart.Short(original)}{unit} to {Chart.Short(other)}{unit} ({Numbers.Share(other, original)})",
        original > 0 ? 1 : 0,
        original > 0 ? (double)other / original : 0);

    private static string[] Row(string name, long original, long other) =>
        [name, Numbers.Count(original), Numbers.Count(other), Numbers.Share(other, original)];

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.00} %");

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
