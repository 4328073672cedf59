using System.Globalization;
using OnnxPrune.Planning;

namespace OnnxPrune.Runtime.Latency;

/// <summary>The bound that a time target sets to the latency.</summary>
internal enum TimeTargetKind
{
    /// <summary>A share of the original's latency.</summary>
    Share,

    /// <summary>A number of milliseconds.</summary>
    Milliseconds,

    /// <summary>The original's latency over a factor.</summary>
    Speedup,
}

/// <summary>An upper limit of the latency, which only a race can judge.</summary>
internal readonly record struct TimeTarget(TimeTargetKind Kind, double Amount)
{
    private const double LongestMilliseconds = 1e9;
    private const double LargestSpeedup = 1e9;

    /// <summary>True if a target's text speaks of time.</summary>
    public static bool IsMeantBy(string text) => Word(text) is "latency" or "speedup";

    /// <summary>Reads <c>latency=50%</c>, <c>latency=0.5</c>, <c>latency=3ms</c> (also <c>us</c> and <c>s</c>), <c>speedup=2</c>.</summary>
    /// <exception cref="UsageException">The text is none of these.</exception>
    public static TimeTarget Parse(string text)
    {
        var amount = text.Split('=', 2) is [_, var given] ? given.Trim().ToLowerInvariant() : "";
        var target = Word(text) switch
        {
            "latency" => ParseLatency(amount),
            "speedup" when Number(amount.TrimEnd('x')) is >= 1 and < LargestSpeedup and var factor =>
                new TimeTarget(TimeTargetKind.Speedup, factor),
            _ => null,
        };
        return target ?? throw new UsageException($"'{text}' is no target of time; write latency=50%, latency=3ms or speedup=2.");
    }

    /// <summary>The share of the limit that a racer uses: at most 1 where it keeps the target.</summary>
    public double Used(RacerLatency racer) => Kind switch
    {
        TimeTargetKind.Share => racer.Ratio / Amount,
        TimeTargetKind.Milliseconds => racer.P50Milliseconds / Amount,
        _ => racer.Ratio * Amount,
    };

    /// <summary>The attainable part of it, where a race between the original and the smallest network decides.</summary>
    public Reach Reach(RacerLatency original, RacerLatency smallest) => Kind switch
    {
        TimeTargetKind.Share => new Reach(ToString(), "share of the original's latency", Amount, 1, smallest.Ratio),
        TimeTargetKind.Milliseconds => new Reach(ToString(), "milliseconds", Amount, original.P50Milliseconds, smallest.P50Milliseconds),
        _ => new Reach(ToString(), "times as fast", Amount, 1, 1 / smallest.Ratio),
    };

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind switch
    {
        TimeTargetKind.Share => $"latency={Amount * 100:0.##}%",
        TimeTargetKind.Milliseconds => $"latency={Amount:0.####}ms",
        _ => $"speedup={Amount:0.##}",
    }}");

    private static string Word(string text) => text.Split('=')[0].Trim().ToLowerInvariant();

    private static TimeTarget? ParseLatency(string amount)
    {
        foreach (var (unit, milliseconds) in (ReadOnlySpan<(string, double)>)[("ms", 1), ("us", 1e-3), ("s", 1e3)])
        {
            if (amount.EndsWith(unit, StringComparison.Ordinal))
            {
                return Number(amount[..^unit.Length].TrimEnd()) * milliseconds is > 0 and < LongestMilliseconds and var time
                    ? new TimeTarget(TimeTargetKind.Milliseconds, time)
                    : null;
            }
        }

        var share = amount.EndsWith('%') ? Number(amount[..^1]) / 100 : Number(amount);
        return share is > 0 and <= 1 ? new TimeTarget(TimeTargetKind.Share, share.Value) : null;
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
