using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// Finds the smallest share of the MACs at which a network stays within limits of loss, by pruning copies and running them.
/// </summary>
internal sealed class LossSearch(
    NetworkAnalysis network, PruneRequest request, LossLimits limits, IRunObserver observer, CalibratedPruner? calibrated)
{
    // Seven halvings leave less than a hundredth of the range; channel multiples are coarser than that.
    private const int MostTrials = 7;
    private const double FinestStep = 0.01;

    private readonly List<LossTrial> _tried = [];

    /// <summary>The networks that were measured, in order.</summary>
    public IReadOnlyList<LossTrial> Tried => _tried;

    /// <summary>The target that keeps the limits; null when no cut does.</summary>
    public Target? Find()
    {
        var (smallest, before) = (Planner.Smallest(network, request), network.Cost);
        return smallest.Macs >= before.Macs
            ? null
            : observer.Watched(StepNames.SearchingLimits, progress => Bisect((double)smallest.Macs / before.Macs, progress));
    }

    private Target? Bisect(double smallest, IProgress<double> progress)
    {
        var (below, above) = (smallest, 1.0);
        Target? best = null;
        for (var trial = 0; trial < MostTrials && above - below > FinestStep; trial++)
        {
            var target = new Target(TargetKind.Macs, (below + above) / 2, null);
            if (IsWithin(target))
            {
                (best, above) = (target, target.Share!.Value);
            }
            else
            {
                below = target.Share!.Value;
            }

            progress.Report((trial + 1.0) / MostTrials);
        }

        return best;
    }

    private bool IsWithin(Target target)
    {
        observer.Cancellation.ThrowIfCancellationRequested();
        try
        {
            var loss = limits.Measure(Prune(target));
            _tried.Add(new LossTrial(target.Share!.Value, loss));
            observer.Point($"{target}: {loss}, {(loss.IsWithin ? "within the limits" : "too much")}");
            return loss.IsWithin;
        }
        catch (TargetOutOfReachException)
        {
            return false;
        }
    }

    private Model Prune(Target target) =>
        calibrated is not null
            ? calibrated.Draft(request, [target]).Model
            : Pruner.Prune(network, request with { Targets = [target] }).Model;
}

/// <summary>A network that was measured on the way.</summary>
/// <param name="MacsShare">The share of the MACs that it was cut to, 0 to 1.</param>
internal sealed record LossTrial(double MacsShare, Loss Loss);
