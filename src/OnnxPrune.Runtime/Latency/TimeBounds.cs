namespace OnnxPrune.Runtime.Latency;

/// <summary>Bounds of the largest network that keeps a target of time: from a size that suffices to one that does not.</summary>
/// <param name="Fewest">The size that suffices, in any unit that time grows with.</param>
/// <param name="Most">The size that does not.</param>
/// <param name="UsedByFewest">How much of the target's time the smaller one uses; at most 1.</param>
/// <param name="UsedByMost">How much the larger one uses.</param>
internal readonly record struct TimeBounds(long Fewest, long Most, double UsedByFewest, double UsedByMost)
{
    /// <summary>
    /// The share of its time that a network may use to be found: races repeat within about a hundredth, and what is found must pass again.
    /// </summary>
    public const double Aim = 0.99;

    /// <summary>A network that uses this share of its time is large enough: it lands within 3 % of what was asked for.</summary>
    public const double CloseEnough = 0.975;

    /// <summary>The smallest difference of sizes that matters, as a share of the whole.</summary>
    private const double FinestStep = 0.0025;

    private const double Middle = (Aim + CloseEnough) / 2;

    private double SizePerTime => (Most - Fewest) / Math.Max(UsedByMost - UsedByFewest, 1e-3);

    /// <summary>True if a network between the two would be another one.</summary>
    public bool HasRoom => Most - Fewest > FinestStep * Most;

    /// <summary>Races networks until the bounds are close to each other, or trials are used up.</summary>
    /// <param name="mostTrials">How many networks may be raced.</param>
    /// <param name="trial">Makes the network of a size and races it: how much of its time it uses, and its own size, which is at most the
    /// one that was asked for.</param>
    public TimeBounds Narrow(int mostTrials, Func<long, (double Used, long Size)> trial)
    {
        var bounds = this;
        for (var i = 0; i < mostTrials && bounds.HasRoom && bounds.UsedByFewest < CloseEnough; i++)
        {
            var asked = bounds.Guess();
            var (used, size) = trial(asked);

            // All sizes between the trial's own and the one that was asked for lead to this network.
            bounds = used <= Aim
                ? bounds with { Fewest = asked, UsedByFewest = used }
                : bounds with { Most = Math.Max(size - 1, bounds.Fewest), UsedByMost = used };
        }

        return bounds;
    }

    /// <summary>The size by which a network should shrink, where it uses so much of its time.</summary>
    public long Excess(double used) => Math.Max((long)((used - Aim) * SizePerTime), (long)(FinestStep * Most));

    /// <summary>The size by which a network may grow, where it uses so little.</summary>
    public long Slack(double used) => Math.Max(0, (long)((Middle - used) * SizePerTime));

    /// <summary>
    /// The size at which a straight line meets the middle of the aim, not too close to either end: the line is a staircase.
    /// </summary>
    public long Guess()
    {
        var share = UsedByMost > UsedByFewest ? (Middle - UsedByFewest) / (UsedByMost - UsedByFewest) : 0.5;
        return Fewest + (long)(Math.Clamp(share, 0.1, 0.9) * (Most - Fewest));
    }
}
