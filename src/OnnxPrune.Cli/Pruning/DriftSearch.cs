using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Cli.Pruning;

/// <summary>Finds the smallest share of the MACs at which the outputs stay within a limit, by pruning copies and running them.</summary>
internal sealed class DriftSearch(LoadedModel loaded, Pruner pruner, PruneRequest request, double limit, MeasureOptions options, Terminal terminal, CalibratedCutter? calibrated)
{
    // Seven halvings leave less than a hundredth of the range; channel multiples are coarser than that.
    private const int MostTrials = 7;
    private const double FinestStep = 0.01;

    /// <summary>The target that keeps the limit; null when no cut does.</summary>
    public Target? Find()
    {
        var (smallest, before) = (pruner.Smallest(request), pruner.Before);
        return smallest.Macs >= before.Macs
            ? null
            : terminal.Watched("searching the largest cut within the drift", progress => Bisect((double)smallest.Macs / before.Macs, progress));
    }

    private Target? Bisect(double smallest, IProgress<double> progress)
    {
        // The same bits on every run, whatever it runs on.
        var settings = options.Sessions with { Provider = Providers.Resolve(options.Sessions.Provider), Deterministic = true };
        using var original = OnnxSession.Open(loaded.Path, settings);
        var inputs = new DriftInputs(loaded, options, terminal);
        var (below, above) = (smallest, 1.0);
        Target? best = null;
        for (var trial = 0; trial < MostTrials && above - below > FinestStep; trial++)
        {
            var target = new Target(TargetKind.Macs, (below + above) / 2, null);
            if (Drift(target, original, inputs, settings) <= limit)
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

    private double Drift(Target target, OnnxSession original, DriftInputs inputs, SessionSettings settings)
    {
        try
        {
            using var pruned = OnnxSession.Open(Prune(target), settings, "the pruned model");
            return DriftMeter.Measure(original, pruned, inputs.For(original)).Total;
        }
        catch (TargetOutOfReachException)
        {
            return double.PositiveInfinity;
        }
    }

    private Model Prune(Target target)
    {
        if (calibrated is not null)
        {
            return calibrated.Prune(request, [target]).Model;
        }

        var copy = loaded.Copy();
        new Pruner(copy.Model, copy.Concrete?.Values).Prune(request with { Targets = [target] });
        return copy.Model;
    }
}
