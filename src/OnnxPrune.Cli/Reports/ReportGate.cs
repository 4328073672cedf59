using OnnxPrune.Cli.Pruning;
using OnnxPrune.Cli.Verifying;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Reports;

/// <summary>A limit that was asked for, and what was measured.</summary>
/// <param name="Name">As on the command line: macs=50%, --max-drop.</param>
/// <param name="Limit">
/// In the unit, as is what was measured and the interval in which it lies with 95 % of probability; no interval where nothing is estimated.
/// </param>
internal sealed record ReportGate(string Name, string Unit, double Limit, double Measured, double? Low, double? High, bool Holds)
{
    /// <summary>The gates of a pruning run.</summary>
    public static IReadOnlyList<ReportGate> Of(RunFindings result)
    {
        var (options, outcome) = (result.Options, result.Cut.Outcome);
        var gates = new List<ReportGate>();
        gates.AddRange(options.Targets.Costs.Select(t => Smaller(t.ToString(), UnitOf(t), t.Limit(outcome.Before), t.Of(outcome.After))));
        gates.AddRange(
            options.Targets.Sizes.Select(t => Smaller(t.ToString(), "bytes", t.Limit(result.Original.FileBytes), result.Pruned.FileBytes)));
        if (result.Latency is { } latency)
        {
            gates.AddRange(options.Targets.Times.Select(t => Of(t, latency)));
        }

        if (result.Comparison is { } comparison)
        {
            gates.AddRange(Of(options.MaxDrift, options.MaxDrop, comparison, LossLimits.Rounding));
        }

        return gates;
    }

    /// <summary>The gates of a comparison.</summary>
    public static IReadOnlyList<ReportGate> Of(VerifyOptions options, Comparison comparison) =>
    [
        .. Of(options.MaxDrift, options.MaxDrop, comparison, rounding: 1),
        .. options.MinSpeedup is { } speedup ? [AtLeast("--min-speedup", speedup, comparison.Latency)] : Array.Empty<ReportGate>(),
    ];

    /// <summary>The gates of the loss.</summary>
    /// <param name="drift">The largest relative output error; null for any.</param>
    /// <param name="drop">The most points of top-1 accuracy that may be lost, or of the user's own score; null for any.</param>
    /// <param name="rounding">The factor by which the drift may pass its limit.</param>
    public static IEnumerable<ReportGate> Of(double? drift, double? drop, Comparison comparison, double rounding) =>
        LossGate.Of(drift, drop, comparison, rounding)
            .Select(g => new ReportGate(g.Option, g.Unit, g.Limit, g.Measured, null, null, g.Holds));

    private static string UnitOf(Target target) => target.Kind switch
    {
        TargetKind.Macs => "MACs",
        TargetKind.Parameters => "parameters",
        _ => "channels",
    };

    private static ReportGate Smaller(string name, string unit, long limit, long measured) =>
        new(name, unit, limit, measured, null, null, measured <= limit);

    private static ReportGate Of(TimeTarget target, LatencyReport latency)
    {
        var racer = latency.Racers[^1];
        return target.Kind switch
        {
            TimeTargetKind.Share =>
                new ReportGate(
                    target.ToString(),
                    "of the original's latency",
                    target.Amount,
                    racer.Ratio,
                    racer.RatioLow,
                    racer.RatioHigh,
                    target.Used(racer) <= 1),
            TimeTargetKind.Milliseconds =>
                new ReportGate(target.ToString(), "ms", target.Amount, racer.P50Milliseconds, null, null, target.Used(racer) <= 1),
            _ => AtLeast(target.ToString(), target.Amount, latency),
        };
    }

    private static ReportGate AtLeast(string name, double limit, LatencyReport latency) =>
        new(
            name,
            "times as fast",
            limit,
            latency.Speedup,
            latency.SpeedupInterval.Low,
            latency.SpeedupInterval.High,
            latency.Speedup >= limit);
}
