using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>A network that was raced on the way.</summary>
internal sealed record TriedCut(long Macs, long Parameters, TimeTrial Trial);

/// <summary>The outcome of a search for targets of time.</summary>
/// <param name="Race">The original against the network; null where the original itself keeps the targets of time.</param>
/// <param name="Trials">The networks that were raced, in order.</param>
internal sealed record LatencyFinding(LatencyReport? Race, IReadOnlyList<TriedCut> Trials)
{
    /// <summary>The network that the race was run with.</summary>
    internal Model? Raced { get; init; }
}

/// <summary>Cuts by targets of time; see <see cref="TimeSearch{T}"/>.</summary>
internal sealed class LatencyTargets(LoadedModel loaded, PruningOptions options, MeasureOptions measure, IRunObserver observer, Cost before)
{
    private readonly List<TriedCut> _tried = [];

    /// <exception cref="TargetOutOfReachException">Even the smallest network is too slow, or no cut keeps the targets of cost.</exception>
    /// <exception cref="VerificationFailedException">The network that is to be written stays too slow.</exception>
    public PruningResult Find(ICandidates<PruningResult> candidates)
    {
        using var track = Track();
        var found = observer.Watched(StepNames.SearchingTime, progress =>
            new TimeSearch<PruningResult>(options.Targets.Times, candidates, track.Race, (candidate, trial) =>
        {
            Tell(candidate.Network.Outcome.After, trial);
            progress.Report(Math.Min(1, (double)_tried.Count / TimeSearch<PruningResult>.MostTrials));
        }).Find());
        return found.IsKept
            ? found.Found.Network with { Latency = new LatencyFinding(found.Race, _tried) { Raced = found.Found.Model } }
            : throw new VerificationFailedException(
                $"The pruned model is not written, since it does not keep the target {options.Targets} when it is raced again: "
                    + $"{Numbers.Times(found.Race!.Speedup)} as fast ({found.Race.Provider}, batch {found.Race.Batch}). Ask again when the "
                    + "machine is less busy, or for a little more.");
    }

    private void Tell(Cost cost, TimeTrial trial)
    {
        observer.Cancellation.ThrowIfCancellationRequested();
        _tried.Add(new TriedCut(cost.Macs, cost.Parameters, trial));
        observer.Point(
            $"{Numbers.Share(cost.Macs, before.Macs)} of the MACs: {Numbers.Times(trial.Typical.Speedup)} as fast, "
                + $"{Numbers.Percent(trial.Used)} of the time that the target leaves ({Numbers.Count(trial.Races, "race")})");
    }

    private PairedBenchmark Track()
    {
        var settings = measure.Sessions with { Provider = Providers.Resolve(measure.Sessions.Provider) };
        var original = loaded.Open(settings);
        return new PairedBenchmark(original, DriftInputs.Synthetic(loaded, measure, original, 0));
    }
}
