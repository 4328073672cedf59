using OnnxPrune.Calibration.Activations;
using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// Tries a plan out: what single cuts do adds up only roughly, but a network that was repaired from a few inputs, layer by layer, tells
/// which of several plans is the best.
/// </summary>
internal static class PlanTrial
{
    // One batch of so many is kept to judge by.
    private const int JudgedShare = 3;

    /// <summary>The damage of a plan after repair, on inputs that the repair has not seen. Several threads may ask at once.</summary>
    /// <param name="batches">At least two.</param>
    public static double Evaluate(
        NetworkAnalysis network,
        PruningPlan plan,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        SessionSettings settings,
        long seed,
        CancellationToken cancellation = default)
    {
        var judged = Math.Max(1, batches.Count / JudgedShare);
        var fit = OnDemand<IReadOnlyDictionary<string, Tensor>>.PartOf(batches, 0, batches.Count - judged);
        var judge = OnDemand<IReadOnlyDictionary<string, Tensor>>.PartOf(batches, batches.Count - judged, judged);
        var repaired = CalibratedPruning.Roughly(network, plan, fit, settings, seed, cancellation);
        using var before = new LayerwiseExecutor(network.Model, judge, settings);
        using var after = new LayerwiseExecutor(repaired, judge, settings);
        return new OutputDivergence(network.Model, before).Measure(after);
    }
}
