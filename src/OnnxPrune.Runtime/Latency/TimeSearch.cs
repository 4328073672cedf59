using System.Globalization;
using OnnxPrune.Planning;

namespace OnnxPrune.Runtime.Latency;

/// <summary>The result of a search.</summary>
/// <param name="Found">The network.</param>
/// <param name="Race">The original against it; null where the original itself keeps the targets, and nothing had to be raced for.</param>
/// <param name="Trials">How many networks were raced.</param>
/// <param name="IsKept">Whether the last race confirmed the targets.</param>
internal sealed record TimeFinding<T>(Candidate<T> Found, LatencyReport? Race, int Trials, bool IsKept);

/// <summary>
/// Finds the largest network that keeps targets of time, by racing candidates against the original. One race may be disturbed by what else
/// the machine does, so races are repeated near a border, and no target is called out of reach as long as a race says otherwise. The
/// network that is to be kept has the last word.
/// </summary>
/// <param name="targets">At least one.</param>
/// <param name="candidates">The networks to choose from.</param>
/// <param name="race">Races the original and a network.</param>
/// <param name="tried">Is told of every network that was raced.</param>
internal sealed class TimeSearch<T>(
    IReadOnlyList<TimeTarget> targets,
    ICandidates<T> candidates,
    Func<Graphs.Model, RaceSettings, LatencyReport> race,
    Action<Candidate<T>, TimeTrial>? tried = null)
{
    /// <summary>The number of networks that are raced at most before the last ones.</summary>
    public const int MostTrials = 10;

    private const int MostFinals = 6;

    // A network that turns out smaller than it must be is made larger so often: each time costs a repair.
    private const int MostGrowths = 2;

    // The next race of what is kept may say a little more.
    private const double Kept = 0.995;

    // No disturbance makes a race wrong by half where another race agrees.
    private static readonly double[] s_usual = [1.5, 1.03, 1.01, 1.01];

    // What is called out of reach must be so in race after race: the median of six lies among them with a probability of 97 %.
    private static readonly double[] s_outOfReach = [3, 2, 1.5, 1.5, 1.2, 1];

    // A race that is reported is lost only where another long one agrees, and near the limit where several do.
    private static readonly double[] s_final = [1.5, 1.05, 1.03, 1.02, 1.01];

    // Sizes may differ and lead to the same network, which is known by what its layers take.
    private readonly Dictionary<long, TimeTrial> _judged = [];
    private int _trials;

    /// <exception cref="TargetOutOfReachException">Even the smallest network is too slow.</exception>
    public TimeFinding<T> Find()
    {
        var whole = candidates.Draft(null);
        var start = Judge(whole, TimeBounds.Aim, s_usual);
        if (candidates.IncludesOriginal && targets.All(t => t.Used(start.Quietest.Racers[0]) <= 1))
        {
            return new TimeFinding<T>(candidates.Final(null), null, 0, true);
        }

        if (start.Used <= TimeBounds.Aim)
        {
            // Where the slope is not known, as if time were proportional to the layers'.
            return Confirm(
                null, new TimeBounds(whole.Time, whole.Time, start.Used, start.Used), new TimeBounds(0, whole.Time, 0, start.Used));
        }

        var least = candidates.Smallest;
        if (least >= whole.Time)
        {
            throw OutOfReach(start.Quietest, "nothing more can be cut");
        }

        var smallest = Judge(candidates.Draft(least), 1, s_outOfReach);
        if (smallest.Low > 1)
        {
            throw OutOfReach(smallest.Quietest, null);
        }

        var all = new TimeBounds(least, whole.Time, Math.Min(1, smallest.Used), start.Used);
        var bounds = all.Narrow(MostTrials - _trials, time =>
        {
            var draft = candidates.Draft(time);
            return ((_judged.GetValueOrDefault(draft.Time) ?? Judge(draft, TimeBounds.Aim, s_usual)).Used, draft.Time);
        });
        return Confirm(bounds.Fewest, bounds, all);
    }

    /// <summary>
    /// Makes the network as it would be kept, and smaller or larger ones until the promise holds and little is given away for it.
    /// </summary>
    /// <param name="time">Null where the other targets alone are expected to suffice.</param>
    /// <param name="bounds">What is known about sizes near it.</param>
    /// <param name="all">From the smallest network to the largest: how time falls with size.</param>
    private TimeFinding<T> Confirm(long? time, TimeBounds bounds, TimeBounds all)
    {
        TimeFinding<T>? kept = null;
        for (var final = 1; ; final++)
        {
            var candidate = candidates.Final(time);
            var isSmallest = time <= candidates.Smallest;
            var limit = isSmallest ? 1 : Kept;
            var trial = TimeTrial.Of(limit, s_final, () =>
                race(candidate.Model, PairedBenchmark.Long), report => Math.Max(Quietly(report), limit * Strictly(report)));
            _trials++;
            tried?.Invoke(candidate, trial);
            var finding = new TimeFinding<T>(candidate, trial.Kept ?? trial.Quietest, _trials, trial.Kept is not null);
            if (!finding.IsKept)
            {
                if (kept is not null || final == MostFinals)
                {
                    return kept ?? finding;
                }

                if (isSmallest)
                {
                    throw OutOfReach(trial.Quietest, null);
                }

                var used = Math.Max(trial.Low, Kept);
                time = Math.Max(candidates.Smallest, candidate.Time - all.Excess(used));
                bounds = bounds with { Fewest = Math.Min(bounds.Fewest, time.Value), Most = candidate.Time, UsedByMost = used };
                continue;
            }

            kept = finding;
            bounds = time is { } fewest ? bounds with { Fewest = fewest, UsedByFewest = trial.Low } : bounds;
            if (time is null || trial.Low >= TimeBounds.CloseEnough || final > MostGrowths || Larger(ref bounds) is not { } larger)
            {
                return kept;
            }

            time = larger;
        }
    }

    /// <summary>A size between the bounds that leads to another network than the smaller one; null where there is none.</summary>
    private long? Larger(ref TimeBounds bounds)
    {
        for (var known = candidates.Draft(bounds.Fewest).Time; bounds.HasRoom;)
        {
            var guess = bounds.Guess();
            if (candidates.Draft(guess).Time != known)
            {
                return guess;
            }

            bounds = bounds with { Fewest = guess };
        }

        return null;
    }

    private TimeTrial Judge(Candidate<T> candidate, double border, ReadOnlySpan<double> margins)
    {
        var trial = TimeTrial.Of(border, margins, () => race(candidate.Model, PairedBenchmark.Short), Quietly);
        _trials++;
        _judged[candidate.Time] = trial;
        tried?.Invoke(candidate, trial);
        return trial;
    }

    /// <summary>The share of the time that a network uses, not misled by what else the machine does.</summary>
    private double Quietly(LatencyReport report) => targets.Max(t => t.Used(report.Racers[^1].Quietly()));

    /// <summary>The same as it is reported.</summary>
    private double Strictly(LatencyReport report) => targets.Max(t => t.Used(report.Racers[^1]));

    private TargetOutOfReachException OutOfReach(LatencyReport report, string? why)
    {
        var (original, smallest) = (report.Racers[0], report.Racers[^1]);
        var unmet = targets.Where(t => t.Used(smallest) > 1).DefaultIfEmpty(targets.MaxBy(t => t.Used(smallest.Quietly()))).ToArray();
        return new TargetOutOfReachException(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Target {string.Join(", ", unmet)} is out of reach: {(why is null ? "" : $"{why}, and ")}latency can go from "
                    + $"{Milliseconds(original)} down to {Milliseconds(smallest)}, which is {100 * smallest.Ratio:0.0} % of the original "
                    + $"or {report.Speedup:0.00} times as fast ({report.Provider}, batch {report.Batch}), measured with the smallest "
                    + $"network that the options allow."),
            [.. unmet.Select(t => t.Reach(original, smallest))]);
    }

    private static string Milliseconds(RacerLatency racer) =>
        racer.P50Milliseconds.ToString(racer.P50Milliseconds < 10 ? "0.000" : "0.0", CultureInfo.InvariantCulture) + " ms";
}
