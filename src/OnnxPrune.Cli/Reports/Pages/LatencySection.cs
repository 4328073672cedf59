using System.Globalization;
using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The latency of both models, round by round.</summary>
internal static class LatencySection
{
    public static Section Of(ReportLatency latency, ReportVanishing? subnormal = null)
    {
        double[] original = [latency.OriginalP50Ms, latency.OriginalP90Ms, latency.OriginalP99Ms];
        double[] other = [latency.PrunedP50Ms, latency.PrunedP90Ms, latency.PrunedP99Ms];
        return new Section(
            "latency",
            "Latency",
            latency is { OriginalMs.Values: { Count: > 0 } first, PrunedMs.Values: { Count: > 0 } second }
                ? HistogramChart.Of("histogram", "Latency of both models by rounds", first, second, original, other)
                : null,
            Table.Of(
                "Milliseconds that so many of 100 runs stay below",
                ["", "P50", "P90", "P99"],
                [Row("Original", original), Row("Result", other)]),
            Element.Of("ul", Notes(latency, subnormal).Select(n => Element.Of("li", n))));
    }

    private static IEnumerable<string> Notes(ReportLatency latency, ReportVanishing? subnormal)
    {
        yield return $"{latency.Provider}, batch {latency.Batch}, {Numbers.Count(latency.Rounds, "interleaved round")}: "
            + $"{Numbers.Times(latency.Speedup)} as fast, round by round "
            + $"({Numbers.Between((latency.SpeedupLow, latency.SpeedupHigh))} with 95 % of probability).";
        if (latency.IdealGainRealized is { } real)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"The time that was saved is {100 * real:0} % of what the MACs that were saved would give.");
        }

        if (latency.CoresOfOthers is { } cores)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Other programs kept {cores:0.0} cores busy meanwhile.");
        }

        if (subnormal is not null)
        {
            yield return $"The original has {Numbers.Count(subnormal.Count, "weight")} too small for single precision to notice; "
                + $"beside a copy with zeros for them, {Numbers.Times(subnormal.Latency.Speedup)} as fast.";
        }
    }

    private static string[] Row(string name, double[] times) => [name, .. times.Select(Numbers.Milliseconds)];
}
