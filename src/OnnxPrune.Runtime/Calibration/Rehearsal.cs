using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Calibration.Activations;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Calibration;

/// <summary>Tries a plan out: what single cuts do adds up only roughly, but a network that was repaired from a few inputs, layer by layer, tells which of several plans is the best.</summary>
public static class Rehearsal
{
    // One batch of so many is kept to judge by.
    private const int JudgedShare = 3;

    private static readonly Lock s_copying = new();

    /// <summary>The damage of a plan after repair, on inputs that the repair has not seen. Several threads may ask at once.</summary>
    /// <param name="original">With shapes; is not changed.</param>
    /// <param name="batches">At least two.</param>
    public static double Damage(Model original, PruningPlan plan, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, SessionSettings settings, long seed, CancellationToken cancellation = default)
    {
        var judged = Math.Max(1, batches.Count / JudgedShare);
        var fit = OnDemand<IReadOnlyDictionary<string, Tensor>>.PartOf(batches, 0, batches.Count - judged);
        var judge = OnDemand<IReadOnlyDictionary<string, Tensor>>.PartOf(batches, batches.Count - judged, judged);
        var own = CopyOf(original);
        var repaired = CalibratedPruning.Roughly(own, plan, fit, settings, seed, cancellation);
        using var before = new NetworkCursor(own, judge, settings);
        using var after = new NetworkCursor(repaired, judge, settings);
        return new OutputDivergence(own, before).Measure(after);
    }

    // To write a part of a model brings the model's own message up to date, which is for one thread at a time.
    private static Model CopyOf(Model original)
    {
        lock (s_copying)
        {
            return OnnxFile.CloneWithShapes(original);
        }
    }
}
