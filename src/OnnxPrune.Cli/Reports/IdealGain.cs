using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Reports;

/// <summary>The share of the MACs' promise that the clock confirms.</summary>
internal static class IdealGain
{
    /// <summary>The share of time that was saved over the share of MACs that was; null where no MACs were.</summary>
    public static double? Realized(ModelFigures original, ModelFigures pruned, LatencyReport latency) =>
        pruned.Macs < original.Macs ? (1 - latency.Racers[^1].Ratio) / (1 - ((double)pruned.Macs / original.Macs)) : null;

    /// <summary>The same as a sentence; null where there is none.</summary>
    public static string? Sentence(ModelFigures original, ModelFigures pruned, LatencyReport latency)
    {
        if (pruned.Macs == 0 || Realized(original, pruned, latency) is not { } realized)
        {
            return null;
        }

        var ideal = Numbers.Times((double)original.Macs / pruned.Macs);
        return realized <= 0
            ? $"Of the ideal gain ({ideal} by MACs), nothing is real."
            : realized > 1
            ? $"That is more than fewer MACs alone would give ({ideal})."
            : $"Of the ideal gain ({ideal} by MACs), {FormattableString.Invariant($"{100 * realized:0}")} % is real.";
    }
}
