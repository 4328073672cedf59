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

    private const int MostRefusals = 6;

    // A network that turns out smaller than it must be is made larger so often: each time costs a repair.
    private const int MostGrowths = 3;

    // A draft that was too slow is tried once more before it is believed, where that would land closer.
    private const int MostTries = 2;

    // Drafts that are raced for the next network to finish.
    private const int MostSteps = 3;

    // The next race of what is kept may say a little more.
    private const double Kept = 0.995;

    // What is finished takes as long as its draft, about; what races say beyond that is noise.
    private const double LargestDifference = 1.2;

    // Of the slack: time is a staircase, so that a little less may fit where all of it does not.
    private static readonly double[] s_shares = [1, 0.7, 0.4];

    private readonly TimeJudge _judge = new(targets, race);

    // Sizes may differ and lead to the same network, which is known by what its layers take.
    private readonly Dictionary<long, List<double>> _used = [];

    // Its races may have been disturbed: another try costs no repair.
    private (long Draft, Candidate<T> Candidate)? _refused;
    private int _trials;

    /// <exception cref="TargetOutOfReachException">Even the smallest network is too slow.</exception>
    public TimeFinding<T> Find()
    {
        var whole = candidates.Draft(null);
        var start = Told(whole, _judge.Draft(whole.Model));
        if (candidates.IncludesOriginal && targets.All(t => t.Used(start.Quietest.Racers[0]) <= 1))
        {
            return new TimeFinding<T>(candidates.Final(null), null, 0, true);
        }

        if (start.Used <= TimeBounds.Aim)
        {
            // Where the slope is not known, as if time were proportional to the layers'.
            return Confirm(new Size(null, whole.Time, start.Used), new TimeBounds(0, whole.Time, 0, start.Used));
        }

        var least = candidates.Smallest;
        if (least >= whole.Time)
        {
            throw OutOfReach(start.Quietest, "nothing more can be cut");
        }

        var draft = candidates.Draft(least);
        var smallest = Told(draft, _judge.Smallest(draft.Model));
        if (smallest.Low > 1)
        {
            throw OutOfReach(smallest.Quietest, null);
        }

        var all = new TimeBounds(least, whole.Time, Math.Min(1, smallest.Used), start.Used);
        return Confirm(Largest(all), all);
    }

    /// <summary>The largest draft that is fast enough.</summary>
    private Size Largest(TimeBounds all)
    {
        var bounds = all.Narrow(MostTrials - _trials, time =>
        {
            var draft = candidates.Draft(time);
            return (Used(draft, 1), draft.Time);
        });
        var size = new Size(bounds.Fewest, candidates.Draft(bounds.Fewest).Time, bounds.UsedByFewest);
        for (var growth = 0; growth < MostGrowths && Larger(size, size.Used, all) is { } larger; growth++)
        {
            size = larger;
        }

        return size;
    }

    /// <summary>
    /// Makes the network as it would be kept, and smaller or larger ones until the promise holds and little is given away for it.
    /// </summary>
    /// <param name="size">Whose draft is fast enough.</param>
    /// <param name="all">From the smallest network to the largest: how time falls with size.</param>
    private TimeFinding<T> Confirm(Size size, TimeBounds all)
    {
        TimeFinding<T>? kept = null;
        for (var (refusals, growths) = (0, 0); ;)
        {
            var candidate = _refused?.Draft == size.Draft ? _refused.Value.Candidate : candidates.Final(size.Asked);
            var isSmallest = size.Asked <= candidates.Smallest;
            var trial = Told(candidate, _judge.Final(candidate.Model, isSmallest ? 1 : Kept));
            var finding = new TimeFinding<T>(candidate, trial.Kept ?? trial.Quietest, _trials, trial.Kept is not null);
            if (finding.IsKept)
            {
                kept = finding;
                if (growths++ == MostGrowths || Larger(size, trial.Used, all) is not { } larger)
                {
                    return kept;
                }

                size = larger;
            }
            else if (kept is not null || ++refusals == MostRefusals)
            {
                return kept ?? finding;
            }
            else if (isSmallest)
            {
                throw OutOfReach(trial.Quietest, null);
            }
            else
            {
                _refused = (size.Draft, candidate);
                size = Smaller(size, Math.Max(trial.Used, Kept), all);
            }
        }
    }

    /// <summary>
    /// A larger size whose draft is fast enough; null where none is found, or the network lands close enough. Sizes that were too slow
    /// are tried once more: it may have been the race, and a larger network may be the faster one.
    /// </summary>
    /// <param name="used">How much of its time the network of the size uses.</param>
    private Size? Larger(Size size, double used, TimeBounds all)
    {
        var seen = new HashSet<long>();
        foreach (var share in used < TimeBounds.CloseEnough && size.Asked is not null ? s_shares : [])
        {
            var asked = Math.Min(all.Most - 1, size.Draft + (long)(share * all.Slack(used)));
            var draft = candidates.Draft(asked);
            if (draft.Time > size.Draft
                && seen.Add(draft.Time)
                && Used(draft, MostTries) is var drafted
                && drafted * Difference(size, used) <= TimeBounds.Aim)
            {
                return new Size(asked, draft.Time, drafted);
            }
        }

        return null;
    }

    /// <summary>A smaller size whose draft is fast enough, or the last of a few.</summary>
    private Size Smaller(Size size, double used, TimeBounds all)
    {
        var next = size;
        for (var step = 0; step < MostSteps && used > TimeBounds.Aim && next.Asked != candidates.Smallest; step++)
        {
            var asked = Math.Max(candidates.Smallest, next.Draft - all.Excess(used));
            var draft = candidates.Draft(asked);
            used = Used(draft, MostTries);
            next = new Size(asked, draft.Time, used);
        }

        return next;
    }

    /// <summary>The factor by which the finished network of a size was slower than its draft.</summary>
    private static double Difference(Size size, double used) => Math.Clamp(used / size.Used, 1 / LargestDifference, LargestDifference);

    /// <summary>The share of its time that a draft uses: the least of what was said, each time by several races.</summary>
    /// <param name="tries">How often it may have been tried after this.</param>
    private double Used(Candidate<T> draft, int tries)
    {
        var said = _used.TryGetValue(draft.Time, out var before) ? before : _used[draft.Time] = [];
        if (said.Count < tries)
        {
            said.Add(Told(draft, _judge.Draft(draft.Model)).Used);
        }

        return said.Min();
    }

    private TimeTrial Told(Candidate<T> candidate, TimeTrial trial)
    {
        _trials++;
        tried?.Invoke(candidate, trial);
        return trial;
    }

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

    /// <summary>A size that was tried.</summary>
    /// <param name="Asked">What the layers may take; null where the other targets alone are expected to suffice.</param>
    /// <param name="Draft">What those of the draft take.</param>
    /// <param name="Used">How much of its time the draft uses.</param>
    private sealed record Size(long? Asked, long Draft, double Used);
}
