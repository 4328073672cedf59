using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Cli.Pruning;

/// <summary>What a search ended with.</summary>
/// <param name="Targets">The targets of cost that the network was cut by.</param>
/// <param name="Race">The original against the network; null where the original itself keeps the targets of time.</param>
/// <param name="Trials">How many networks were raced.</param>
internal sealed record LatencyFinding(IReadOnlyList<Target> Targets, LatencyReport? Race, int Trials);

/// <summary>
/// Finds the largest network that keeps targets of time, by racing pruned copies against the original. Time hardly depends on what the
/// weights hold, so drafts are raced that nobody repaired; only the network that is to be written is, and it has the last word.
/// </summary>
/// <param name="before">The original's cost.</param>
/// <param name="smallest">The fewest MACs that any cut leaves.</param>
/// <param name="prepare">Is told once about what the search will ask for.</param>
/// <param name="draft">The network that keeps targets of cost, with its MACs, unrepaired. It is the caller's to forget.</param>
/// <param name="finish">The same, as it would be written.</param>
internal sealed class LatencySearch(
    LoadedModel loaded,
    PruneOptions options,
    Terminal terminal,
    Cost before,
    Func<Cost> smallest,
    Action<IReadOnlyList<Target>> prepare,
    Func<IReadOnlyList<Target>, Draft> draft,
    Func<IReadOnlyList<Target>, Draft> finish)
{
    private const double Kept = 0.995;
    private const int MostTrials = 10;
    private const int MostCorrections = 5;
    private const int FinalRaces = 2;
    private const int MostFinalRaces = 3;

    // So near the limit, the next race may say otherwise, and costs less than another repair.
    private const double Noise = 0.03;

    private int _trials;

    /// <exception cref="TargetOutOfReachException">Even the smallest network is too slow, or no cut keeps the targets of cost.</exception>
    /// <exception cref="VerificationFailedException">The network that is to be written stays too slow.</exception>
    public LatencyFinding Find()
    {
        using var track = Track();
        var costs = options.Targets;
        var whole = draft(costs);
        var start = track.Sprint(whole.Model);
        if (Used(start.Racers[0]) <= 1 && costs.All(t => t.IsMet(before, before)))
        {
            return new LatencyFinding(costs, null, 0);
        }

        _trials = 1;
        var used = costs.Count == 0 ? Used(start.Racers[0]) : Used(start.Racers[^1]);
        if (used <= TimeBounds.Aim)
        {
            return Confirm(track, whole.Cost.Time, bounds: null);
        }

        var fewest = smallest().Time;
        if (fewest >= whole.Cost.Time)
        {
            throw new TargetOutOfReachException(
                $"Target {Unmet(start)} is out of reach: nothing more can be cut, and a run takes {Numbers.Milliseconds(start.Racers[^1].P50Milliseconds)} ({start.Provider}, batch {start.Batch}).");
        }

        var race = track.Sprint(draft(With(fewest)).Model);
        _trials++;
        var bounds = new TimeBounds(fewest, whole.Cost.Time, Used(race.Racers[^1]), used);
        if (bounds.UsedByFewest > 1)
        {
            throw OutOfReach(race);
        }

        prepare(With(bounds.Guess()));
        return Confirm(track, Search(track, bounds).Fewest, bounds);
    }

    private TimeBounds Search(RaceTrack track, TimeBounds bounds) =>
        terminal.Watched("searching the largest network that is fast enough", progress => bounds.Narrow(MostTrials - _trials, time =>
        {
            var trial = draft(With(time));
            var used = track.Sprint(trial.Model, Used);
            _trials++;
            terminal.Detail($"trial {_trials}: {Numbers.Share(trial.Cost.Macs, before.Macs)} of the MACs, which should take {Numbers.Share(trial.Cost.Time, before.Time)} of the time, use {Numbers.Percent(used)} of what the target allows");
            progress.Report((double)_trials / MostTrials);
            return (used, trial.Cost.Time);
        }));

    /// <summary>Makes the network as it would be written, and smaller ones until the promise holds.</summary>
    /// <param name="bounds">Null where the targets of cost alone are expected to suffice.</param>
    private LatencyFinding Confirm(RaceTrack track, long time, TimeBounds? bounds)
    {
        LatencyReport? race = null;
        for (var correction = 0; correction <= MostCorrections; correction++)
        {
            var targets = correction == 0 && bounds is null ? options.Targets : With(time);
            var model = finish(targets);
            var isSmallest = bounds is not null && time <= smallest().Time;
            var limit = isSmallest ? 1 : Kept;
            race = terminal.Watched("racing the pruned network", progress => FinalRace(track, model, limit, progress));
            if (Keeps(race, limit))
            {
                return new LatencyFinding(targets, race, _trials + correction);
            }

            if (isSmallest)
            {
                throw OutOfReach(race);
            }

            var used = Math.Max(Used(race.Racers[^1]), Kept);

            // Where the slope is not known, as if time were proportional to MACs.
            bounds ??= new TimeBounds(smallest().Time, model.Cost.Time, 0, used);
            time = Math.Max(smallest().Time, model.Cost.Time - bounds.Value.Excess(used));
        }

        throw new VerificationFailedException(
            $"The pruned model is not written, since it does not keep the target {options.TargetText} when it is raced again: {Speed(race!)}. Ask again when the machine is less busy, or for a little more.");
    }

    /// <summary>
    /// A lost race is run again before anything more is cut: what else the machine does costs more than another race, and accuracy that is given away for it does not come back.
    /// Where only the noise stands between a network and its promise, it is raced once more. Of lost races, the quietest counts.
    /// </summary>
    private LatencyReport FinalRace(RaceTrack track, Draft model, double limit, IProgress<double> progress)
    {
        LatencyReport? quietest = null;
        for (var attempt = 1; ; attempt++)
        {
            var race = track.Race(model.Model, progress);
            terminal.Detail($"final race: {Numbers.Count(model.Cost.Macs)} MACs use {Numbers.Percent(Used(race.Racers[^1]))} of what the target allows ({Numbers.Percent(Strictly(race.Racers[^1]))} round by round)");
            if (Keeps(race, limit))
            {
                return race;
            }

            quietest = quietest is null || Used(race.Racers[^1]) < Used(quietest.Racers[^1]) ? race : quietest;
            if (attempt >= (Used(quietest.Racers[^1]) > limit + Noise ? FinalRaces : MostFinalRaces))
            {
                return quietest;
            }
        }
    }

    private bool Keeps(LatencyReport race, double limit) => Used(race.Racers[^1]) <= limit && Strictly(race.Racers[^1]) <= 1;

    private IReadOnlyList<Target> With(long time) => [.. options.Targets, new Target(TargetKind.Time, null, time)];

    /// <summary>How much of the time a network uses, for the search: not misled by what else the machine does.</summary>
    private double Used(RacerLatency racer) => Strictly(racer.Quietly());

    /// <summary>The same as it is reported.</summary>
    private double Strictly(RacerLatency racer) => options.TimeTargets.Max(t => t.Used(racer));

    private TargetOutOfReachException OutOfReach(LatencyReport race) =>
        new($"Target {Unmet(race)} is out of reach: {Speed(race)}, measured with the smallest network that the options allow.");

    private string Unmet(LatencyReport race) => string.Join(", ", options.TimeTargets.Where(t => race.Racers[^1] is var r && Math.Max(t.Used(r), t.Used(r.Quietly())) > 1));

    private static string Speed(LatencyReport race)
    {
        var (a, b) = (race.Racers[0], race.Racers[^1]);
        return $"latency can go from {Numbers.Milliseconds(a.P50Milliseconds)} down to {Numbers.Milliseconds(b.P50Milliseconds)}, which is {Numbers.Percent(b.Ratio)} of the original or {Numbers.Times(race.Speedup)} as fast ({race.Provider}, batch {race.Batch})";
    }

    private RaceTrack Track()
    {
        var settings = options.Measure.Sessions with { Provider = Providers.Resolve(options.Measure.Sessions.Provider) };
        var original = loaded.Open(settings);
        return new RaceTrack(original, DriftInputs.Synthetic(loaded, options.Measure, original, 0));
    }
}

/// <summary>A pruned network that is only to be raced.</summary>
internal sealed record Draft(Model Model, Cost Cost);
