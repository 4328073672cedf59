using System.Text.Json.Serialization;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.LayerTiming;

namespace OnnxPrune.Cli.Reports;

/// <summary>The time of each layer within whole runs, as ONNX Runtime's profile has it.</summary>
/// <param name="Runs">The number of runs of each model.</param>
/// <param name="WhyNone">The reason where layers could not be timed; else null.</param>
/// <param name="IdealSpeedup">How many times as fast the result would be by MACs; null where it has none.</param>
/// <param name="RealSpeedup">How many times as fast it is, by the race of both.</param>
/// <param name="OriginalRestMs">What all other operators take, as of the result.</param>
internal sealed record ReportLayerTimes(
    int Runs, string? WhyNone, double? IdealSpeedup, double RealSpeedup, double OriginalRestMs, double PrunedRestMs,
    IReadOnlyList<ReportLayerTime> Layers)
{
    public static ReportLayerTimes Of(LayerProfile profile, ModelFigures original, ModelFigures pruned, LatencyReport latency) => new(
        profile.Runs,
        profile.WhyNone,
        pruned.Macs > 0 ? (double)original.Macs / pruned.Macs : null,
        latency.Speedup,
        Rounded(profile.OriginalRest),
        Rounded(profile.OtherRest),
        [.. profile.Layers.Select(l => new ReportLayerTime(
            l.Name,
            l.Operator,
            Share(l.OriginalMacs, original),
            Share(l.OtherMacs, original),
            l.OriginalMilliseconds is { } before ? Rounded(before) : null,
            l.OtherMilliseconds is { } after ? Rounded(after) : null))]);

    private static double Share(long macs, ModelFigures original) => original.Macs > 0 ? (double)macs / original.Macs : 0;

    // Finer than the clock.
    private static double Rounded(double milliseconds) => Math.Round(milliseconds, 5);
}

/// <param name="MacsShare">Of all MACs of the original; what is left of it is <paramref name="MacsShareAfter"/>.</param>
/// <param name="OriginalMs">Null where the runtime made one operator of it and others; the same of the result.</param>
internal sealed record ReportLayerTime(
    string Name, string Operator, double MacsShare, double MacsShareAfter, double? OriginalMs, double? PrunedMs)
{
    /// <summary>The milliseconds that the layer would take by its MACs; null where that cannot be said.</summary>
    [JsonIgnore]
    public double? IdealMs => MacsShare > 0 ? OriginalMs * MacsShareAfter / MacsShare : null;
}
