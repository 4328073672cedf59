using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Cli.Pruning;

/// <summary>A network that was raced on the way.</summary>
internal sealed record TriedCut(long Macs, long Parameters, TimeTrial Trial);

/// <summary>How targets of time were met.</summary>
/// <param name="Race">The original against the network; null where the original itself keeps the targets of time.</param>
/// <param name="Trials">The networks that were raced, in order.</param>
internal sealed record LatencyFinding(LatencyReport? Race, IReadOnlyList<TriedCut> Trials);

/// <summary>Cuts by targets of time; see <see cref="TimeSearch{T}"/>.</summary>
internal sealed class TimedCut(LoadedModel loaded, PruneOptions options, Terminal terminal, Cost before)
{
    private readonly List<TriedCut> _tried = [];

    /// <exception cref="TargetOutOfReachException">Even the smallest network is too slow, or no cut keeps the targets of cost.</exception>
    /// <exception cref="VerificationFailedException">The network that is to be written stays too slow.</exception>
    public CutResult Find(ICandidates<CutResult> candidates)
    {
        using var track = Track();
        var found = terminal.Watched(PhaseNames.SearchingTime, progress => new TimeSearch<CutResult>(options.TimeTargets, candidates, track.Race, (candidate, trial) =>
        {
            Tell(candidate.Network.Outcome.After, trial);
            progress.Report(Math.Min(1, (double)_tried.Count / TimeSearch<CutResult>.MostTrials));
        }).Find());
        return found.IsKept
            ? found.Found.Network with { Latency = new LatencyFinding(found.Race, _tried) }
            : throw new VerificationFailedException(
                $"The pruned model is not written, since it does not keep the target {options.TargetText} when it is raced again: {Numbers.Times(found.Race!.Speedup)} as fast ({found.Race.Provider}, batch {found.Race.Batch}). Ask again when the machine is less busy, or for a little more.");
    }

    private void Tell(Cost cost, TimeTrial trial)
    {
        _tried.Add(new TriedCut(cost.Macs, cost.Parameters, trial));
        terminal.Point(
            $"{Numbers.Share(cost.Macs, before.Macs)} of the MACs: {Numbers.Times(trial.Typical.Speedup)} as fast, {Numbers.Percent(trial.Used)} of the time that the target leaves ({Numbers.Count(trial.Races, "race")})");
    }

    private RaceTrack Track()
    {
        var settings = options.Measure.Sessions with { Provider = Providers.Resolve(options.Measure.Sessions.Provider) };
        var original = loaded.Open(settings);
        return new RaceTrack(original, DriftInputs.Synthetic(loaded, options.Measure, original, 0));
    }
}
