using OnnxPrune.Calibration.Activations;
using OnnxPrune.Planning;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>
/// The factor by which the measured damage of a block counts beside that of channels. The next block can make up for it only as far as
/// nothing is cut from it, and what comes later does its part as well: which of both prevails differs from network to network.
/// </summary>
internal static class BlockWeight
{
    // Besides 1, these are tried.
    private static readonly double[] s_weights = [0.6, 1.6];

    /// <summary>Weighs blocks against channels by trying out what either leads to.</summary>
    /// <param name="measured">The damages of single cuts.</param>
    /// <param name="targets">About what will be asked for.</param>
    /// <param name="damage">The damage of a plan as a whole; asked for two plans at once, unless there is but one thread.</param>
    /// <param name="threads">0 for one per core.</param>
    /// <returns>The candidates with the damages of blocks as they count, for this and all later plans.</returns>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public static CutCandidates Tune(
        NetworkAnalysis network, CutCandidates measured, IReadOnlyList<Target> targets, Func<PruningPlan, double> damage, int threads,
        Action<double>? progress = null)
    {
        var usual = Planner.Plan(network, measured, targets);
        var others = s_weights
            .Select(measured.WithBlocksTimes)
            .Select(c => (Candidates: c, Plan: Planner.Plan(network, c, targets)))
            .Where(o => o.Plan.ToJson() != usual.ToJson())
            .ToArray();
        if (others.Length == 0)
        {
            return measured;
        }

        var (ofUsual, ofOther) = (0.0, 0.0);
        Concurrently.Run(() => ofUsual = damage(usual), () => ofOther = damage(others[0].Plan), threads);
        progress?.Invoke(2.0 / (others.Length + 1));

        // Where one direction is better, the other one is not.
        var best = ofOther < ofUsual
            ? others[0].Candidates
            : others.Skip(1).Where(o => damage(o.Plan) < ofUsual).Select(o => o.Candidates).FirstOrDefault(measured);
        progress?.Invoke(1);
        return best;
    }
}
