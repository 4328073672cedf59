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
/// <param name="draft">The network that keeps targets of cost, with its MACs, unrepaired. It is the caller's to forget.</param>
/// <param name="finish">The same, as it would be written.</param>
internal sealed class LatencySearch(
    LoadedModel loaded,
    PruneOptions options,
    Terminal terminal,
    Cost before,
    Func<Cost> smallest,
    Func<IReadOnlyList<Target>, Draft> draft,
    Func<IReadOnlyList<Target>, Draft> finish)
{
    // A race of a draft repeats within about a hundredth, and so the search aims below the limit: what it finds must pass again.
    private const double Aim = 0.985;
    private const double CloseEnough = 0.965;
    private const double Kept = 0.995;
    private const int MostTrials = 10;
    private const int MostCorrections = 5;
    private const int MostFinalRaces = 3;
    private const double FinestStep = 0.005;
    private static readonly RaceSettings s_short = new() { Budget = TimeSpan.FromSeconds(1), FewestRounds = 10 };

    private int _trials;

    /// <exception cref="TargetOutOfReachException">Even the smallest network is too slow, or no cut keeps the targets of cost.</exception>
    /// <exception cref="VerificationFailedException">The network that is to be written stays too slow.</exception>
    public LatencyFinding Find()
    {
        using var track = new Track(loaded, options.Measure);
        var costs = options.Targets;
        var whole = draft(costs);
        var start = track.Race(whole.Model);
        if (Used(start.Racers[0]) <= 1 && costs.All(t => t.IsMet(before, before)))
        {
            return new LatencyFinding(costs, null, 0);
        }

        _trials = 1;
        var used = costs.Count == 0 ? Used(start.Racers[0]) : Used(start.Racers[^1]);
        if (used <= Aim)
        {
            return Confirm(track, whole.Cost.Time, bounds: null);
        }

        var fewest = smallest().Time;
        if (fewest >= whole.Cost.Time)
        {
            throw new TargetOutOfReachException(
                $"Target {Unmet(start)} is out of reach: nothing more can be cut, and a run takes {Numbers.Milliseconds(start.Racers[^1].P50Milliseconds)} ({start.Provider}, batch {start.Batch}).");
        }

        var race = track.Race(draft(With(fewest)).Model);
        _trials++;
        var bounds = new Bounds(fewest, whole.Cost.Time, Used(race.Racers[^1]), used);
        return bounds.UsedByFewest > 1 ? throw OutOfReach(race) : Confirm(track, Search(track, bounds), bounds);
    }

    /// <summary>The most MACs at which a draft keeps the targets.</summary>
    private long Search(Track track, Bounds bounds)
    {
        var (range, step) = (bounds, (long)(FinestStep * bounds.Most));
        return terminal.Watched("searching the largest network that is fast enough", progress =>
        {
            while (_trials < MostTrials && range.Most - range.Fewest > step && range.UsedByFewest < CloseEnough)
            {
                var time = range.Guess(Aim);
                var trial = draft(With(time));
                var used = Used(track.Race(trial.Model).Racers[^1]);
                _trials++;
                terminal.Detail($"trial {_trials}: {Numbers.Share(trial.Cost.Macs, before.Macs)} of the MACs use {Numbers.Percent(used)} of the time");

                // All limits between the trial's own MACs and those that were asked for lead to this network.
                range = used <= Aim
                    ? range with { Fewest = time, UsedByFewest = used }
                    : range with { Most = Math.Max(trial.Cost.Time - 1, range.Fewest), UsedByMost = used };
                progress.Report((double)_trials / MostTrials);
            }

            return range.Fewest;
        });
    }

    /// <summary>Makes the network as it would be written, and smaller ones until the promise holds.</summary>
    /// <param name="bounds">Null where the targets of cost alone are expected to suffice.</param>
    private LatencyFinding Confirm(Track track, long time, Bounds? bounds)
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
            bounds ??= new Bounds(smallest().Time, model.Cost.Time, 0, used);
            time = Math.Max(smallest().Time, model.Cost.Time - Math.Max(bounds.Value.Step(used - Aim), (long)(FinestStep * bounds.Value.Most)));
        }

        throw new VerificationFailedException(
            $"The pruned model is not written, since it does not keep the target {options.TargetText} when it is raced again: {Speed(race!)}. Ask again when the machine is less busy, or for a little more.");
    }

    /// <summary>Where only the noise stands between a network and its promise, it is raced again and not made smaller.</summary>
    private LatencyReport FinalRace(Track track, Draft model, double limit, IProgress<double> progress)
    {
        for (var attempt = 1; ; attempt++)
        {
            var race = track.Race(model.Model, new RaceSettings(), progress);
            terminal.Detail($"final race: {Numbers.Count(model.Cost.Macs)} MACs use {Numbers.Percent(Used(race.Racers[^1]))} of the time ({Numbers.Percent(Strictly(race.Racers[^1]))} round by round)");
            if (Keeps(race, limit) || Used(race.Racers[^1]) > limit || attempt == MostFinalRaces)
            {
                return race;
            }
        }
    }

    private bool Keeps(LatencyReport race, double limit) => Used(race.Racers[^1]) <= limit && Strictly(race.Racers[^1]) <= 1;

    private IReadOnlyList<Target> With(long time) => [.. options.Targets, new Target(TargetKind.Time, null, time)];

    /// <summary>How much of the time a network uses, for the search: not misled by what else the machine does.</summary>
    private double Used(RacerLatency racer) => Strictly(racer with { Ratio = racer.QuietRatio });

    /// <summary>The same as it is reported.</summary>
    private double Strictly(RacerLatency racer) => options.TimeTargets.Max(t => t.Used(racer));

    private TargetOutOfReachException OutOfReach(LatencyReport race) =>
        new($"Target {Unmet(race)} is out of reach: {Speed(race)}, measured with the smallest network that the options allow.");

    private string Unmet(LatencyReport race) => string.Join(", ", options.TimeTargets.Where(t => race.Racers[^1] is var r && Math.Max(t.Used(r), t.Used(r with { Ratio = r.QuietRatio })) > 1));

    private static string Speed(LatencyReport race)
    {
        var (a, b) = (race.Racers[0], race.Racers[^1]);
        return $"latency can go from {Numbers.Milliseconds(a.P50Milliseconds)} down to {Numbers.Milliseconds(b.P50Milliseconds)}, which is {Numbers.Percent(b.Ratio)} of the original or {Numbers.Times(race.Speedup)} as fast ({race.Provider}, batch {race.Batch})";
    }

    /// <summary>Where the answer lies: from the MACs that suffice to those that do not, with how much of the time each uses.</summary>
    private readonly record struct Bounds(long Fewest, long Most, double UsedByFewest, double UsedByMost)
    {
        /// <summary>Where a straight line meets the aim, not too close to either end: the line is a staircase.</summary>
        public long Guess(double aim)
        {
            var share = UsedByMost > UsedByFewest ? (aim - UsedByFewest) / (UsedByMost - UsedByFewest) : 0.5;
            return Fewest + (long)(Math.Clamp(share, 0.1, 0.9) * (Most - Fewest));
        }

        /// <summary>The MACs that must go to use so much less of the time.</summary>
        public long Step(double used) => (long)(used / Math.Max(UsedByMost - UsedByFewest, 1e-3) * (Most - Fewest));
    }

    /// <summary>The original, ready to race.</summary>
    private sealed class Track : IDisposable
    {
        private readonly SessionSettings _settings;
        private readonly OnnxSession _original;
        private readonly IReadOnlyDictionary<string, Tensor> _inputs;

        public Track(LoadedModel loaded, MeasureOptions measure)
        {
            _settings = measure.Sessions with { Provider = Providers.Resolve(measure.Sessions.Provider) };
            _original = OnnxSession.Open(loaded.Path, _settings);
            _inputs = DriftInputs.Synthetic(loaded, measure, _original, 0);
        }

        public LatencyReport Race(Model pruned, RaceSettings? settings = null, IProgress<double>? progress = null)
        {
            using var session = OnnxSession.Open(pruned, _settings, "the pruned model");
            return LatencyRace.Run([_original, session], _inputs, settings ?? s_short, progress);
        }

        public void Dispose() => _original.Dispose();
    }
}

/// <summary>A pruned network that is only to be raced.</summary>
internal sealed record Draft(Model Model, Cost Cost);
