namespace OnnxPrune.Runtime.Latency;

/// <summary>The measurements of a race between sessions, of which the first is the original and the last the pruned one.</summary>
public sealed record LatencyReport
{
    // Less than this is a clock, a shell and an editor.
    private const double Quiet = 0.25;

    internal LatencyReport(IReadOnlyList<RacerLatency> racers, int rounds, long batch, string provider) =>
        (Racers, Rounds, Batch, Provider) = (racers, rounds, batch, provider);

    /// <summary>The runs of each session, not counting the warm-up.</summary>
    public int Rounds { get; }

    /// <summary>Samples per run.</summary>
    public long Batch { get; }

    /// <summary>The engine and its setting, such as "ONNX Runtime 1.31.0, CPU, AVX-512, 1 thread".</summary>
    public string Provider { get; }

    /// <summary>The median time of a run of the first session.</summary>
    public double OriginalMilliseconds => Racers[0].P50Milliseconds;

    /// <summary>The median time of a run of the last session.</summary>
    public double PrunedMilliseconds => Racers[^1].P50Milliseconds;

    /// <summary>One per session, in the order they were given.</summary>
    internal IReadOnlyList<RacerLatency> Racers { get; init; }

    /// <summary>The factor by which the last session is faster than the first, by the median of rounds.</summary>
    public double Speedup => 1 / Racers[^1].Ratio;

    /// <summary>The interval of <see cref="Speedup"/> with 95 % of probability, as far as the rounds tell.</summary>
    public (double Low, double High) SpeedupInterval => (1 / Racers[^1].RatioHigh, 1 / Racers[^1].RatioLow);

    /// <summary>Cores that other programs kept busy during the race, on average; null where the system does not tell.</summary>
    public double? CoresOfOthers { get; init; }

    /// <summary>True if other programs took so much that the figures may be theirs.</summary>
    public bool IsDisturbed => CoresOfOthers > Quiet;
}

/// <summary>The latencies of one session, in milliseconds per run.</summary>
/// <param name="P50Milliseconds">The median.</param>
/// <param name="P90Milliseconds">What nine in ten runs stay below.</param>
/// <param name="Ratio">The median over all rounds of this session's time over the first one's in the same round: noise that lasts
/// longer than a round cancels out. 1 for the first.</param>
internal sealed record RacerLatency(string Model, double P50Milliseconds, double P90Milliseconds, double Ratio)
{
    /// <summary>The time of every round, in order; empty where they were not kept.</summary>
    internal IReadOnlyList<double> RoundMilliseconds { get; init; } = [];

    /// <summary>The time that 99 in 100 runs stay below.</summary>
    public double P99Milliseconds { get; init; } = P90Milliseconds;

    /// <summary>
    /// The lower end of the interval in which <see cref="Ratio"/> lies with 95 % of probability, as far as the rounds tell.
    /// </summary>
    public double RatioLow { get; init; } = Ratio;

    /// <summary>Its upper end.</summary>
    public double RatioHigh { get; init; } = Ratio;

    /// <summary>
    /// The same ratio between the fast runs of both. On a machine that others keep busy, the slower model is interrupted more often, and
    /// looks slower than it is by <see cref="Ratio"/>; on a quiet machine the two agree.
    /// </summary>
    public double QuietRatio { get; init; } = Ratio;

    /// <summary>
    /// The same with the ratio of the fast runs: what decides a search, which should not be misled by what else the machine does.
    /// </summary>
    public RacerLatency Quietly() => this with { Ratio = QuietRatio };
}
