using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Latency;

/// <summary>Says of networks how much of the time they use that targets leave, by as many races as that takes.</summary>
/// <param name="targets">At least one.</param>
/// <param name="race">Races the original and a network.</param>
internal sealed class TimeJudge(IReadOnlyList<TimeTarget> targets, Func<Model, RaceSettings, LatencyReport> race)
{
    // No disturbance makes a race wrong by more.
    private const double LargestError = 3;

    // No disturbance makes a race wrong by half where another race agrees.
    private static readonly double[] s_usual = [1.5, 1.03, 1.01, 1.01];

    // What is called out of reach must be so in race after race: the median of six lies among them with a probability of 97 %.
    private static readonly double[] s_outOfReach = [3, 2, 1.5, 1.5, 1.2, 1];

    // A race that is reported is lost only where others agree: a session by itself may be slow by a twentieth, and a repair is dear.
    private static readonly double[] s_final = [1.5, 1.1, 1.05, 1.03, 1.01];

    private readonly CalmRaces _races = new(race);

    /// <summary>By short races, on which side of the aim a network lies.</summary>
    public TimeTrial Draft(Model network) => Short(network, TimeBounds.Aim, s_usual);

    /// <summary>By short races, whether the smallest network is fast enough.</summary>
    public TimeTrial Smallest(Model network) => Short(network, 1, s_outOfReach);

    /// <summary>By long races, whether what is to be kept stays below a limit, as it is reported and as it would be undisturbed.</summary>
    public TimeTrial Final(Model network, double limit) => TimeTrial.Of(
        limit, s_final, () => Race(network, PairedBenchmark.Long, limit), r => Kept(r, limit));

    private TimeTrial Short(Model network, double border, ReadOnlySpan<double> margins) =>
        TimeTrial.Of(
            border, margins, () => Race(network, PairedBenchmark.Short, border), r => r.IsDisturbed ? Quietly(r) : Kept(r, border));

    private LatencyReport Race(Model network, RaceSettings settings, double border) =>
        _races.Race(network, settings, r => Quietly(r) > border / LargestError && Quietly(r) < border * LargestError);

    /// <summary>The share of the time by both measures: at most the limit where neither is beyond its own.</summary>
    private double Kept(LatencyReport report, double limit) => Math.Max(Quietly(report), limit * Strictly(report));

    /// <summary>The share of the time that a network uses, not misled by what else the machine does.</summary>
    private double Quietly(LatencyReport report) => targets.Max(t => t.Used(report.Racers[^1].Quietly()));

    /// <summary>The same as it is reported.</summary>
    private double Strictly(LatencyReport report) => targets.Max(t => t.Used(report.Racers[^1]));
}
