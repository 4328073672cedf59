using System.Text.Json;
using OnnxPrune.Channels;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Cli.Reports;

/// <summary>The whole run as a file.</summary>
internal static class PruneReport
{
    /// <summary>The text of the report, in the format that its name asks for.</summary>
    public static string Write(PruneResult result)
    {
        var document = Document(result);
        return Path.GetExtension(result.Options.Report!).Equals(".md", StringComparison.OrdinalIgnoreCase)
            ? MarkdownReport.Write(document, result)
            : JsonSerializer.Serialize(document, ReportJson.Default.ReportDocument) + "\n";
    }

    private static ReportDocument Document(PruneResult result)
    {
        var outcome = result.Cut.Outcome;
        return new ReportDocument(
            "prune",
            result.Options.Input,
            result.Options.Output,
            Options(result.Options),
            Versions(result.Latency),
            result.Cut.Rule,
            result.Original,
            result.Pruned,
            new ReportRemoved(outcome.Plan.Blocks.Count, outcome.Plan.Channels.Sum(c => c.Cut.Count), outcome.DeadBlocks, outcome.DeadChannels, outcome.AbsorbedReaders, outcome.JudgedOtherwise),
            outcome.CalibrationSamples == 0 ? null : new ReportRepair(outcome.Repaired, outcome.FittedTogether, outcome.CalibrationSamples),
            outcome.Plan,
            [.. (result.Layers ?? []).Select(Layer)],
            Blocked(outcome.Blocked),
            Uncounted(outcome.Uncounted),
            result.Comparison is null ? null : Verification(result.Comparison, result.Original, result.Pruned),
            result.Cut.Latency is { } search ? new ReportSearch(search.Trials, search.Race is { } race ? Latency(race, result.Original, result.Pruned) : null) : null);
    }

    public static ReportVersions Versions(LatencyReport? latency) => new(
        Machine.Tool,
        RuntimeEnvironment.Version,
        latency?.Provider,
        Machine.Cpu,
        System.Runtime.InteropServices.RuntimeInformation.OSDescription);

    public static IReadOnlyList<ReportBlocked> Blocked(IEnumerable<BlockedChannels> blocked) =>
        [.. blocked.OrderByDescending(b => b.Count).Select(b => new ReportBlocked(b.Reason.Text, b.Count, [.. b.Producers.Select(p => p.Label)]))];

    public static IReadOnlyList<ReportUncounted> Uncounted(IEnumerable<UncountedLayer> layers) => [.. layers.Select(l => new ReportUncounted(l.Node.Label, l.Node.OpType, l.Reason))];

    public static ReportVerification Verification(Comparison comparison, ModelFigures original, ModelFigures pruned)
    {
        var accuracy = comparison.Accuracy is { } report
            ? new ReportAccuracy(report.Models[0].Top1, report.Models[^1].Top1, report.Models[^1].Agreement, report.Samples, comparison.AccuracyData!)
            : null;
        return new ReportVerification(
            comparison.Drift.Total,
            comparison.Drift.LowestEqualShare,
            [.. comparison.Drift.Outputs.Select(o => new ReportOutput(o.Name, o.RelativeError, o.LargestError, o.EqualShare))],
            comparison.DriftInputs,
            Latency(comparison.Latency, original, pruned),
            accuracy,
            comparison.Cleared is { } cleared ? new ReportVanishing(cleared.Vanishing, Latency(cleared.Latency, original, pruned)) : null);
    }

    private static ReportLatency Latency(LatencyReport latency, ModelFigures original, ModelFigures pruned)
    {
        var (a, b) = (latency.Racers[0], latency.Racers[^1]);
        return new ReportLatency(
            a.P50Milliseconds,
            b.P50Milliseconds,
            a.P90Milliseconds,
            b.P90Milliseconds,
            b.Ratio,
            latency.Speedup,
            latency.Rounds,
            latency.Batch,
            latency.Provider,
            IdealGain.Realized(original, pruned, latency));
    }

    private static ReportOptions Options(PruneOptions options) => new(
        [.. options.Targets.Select(t => t.ToString()), .. options.TimeTargets.Select(t => t.ToString())],
        options.MaxDrift,
        options.MaxDrop,
        options.Plan,
        options.Granularity,
        options.Criterion,
        options.Round is { } multiple ? Numbers.Plain(multiple) : "auto",
        options.Repair.ToString().ToLowerInvariant(),
        options.Exclude?.ToString(),
        options.Only?.ToString(),
        options.Measure.Calib,
        options.Measure.Data,
        options.Measure.Limit,
        options.Measure.CalibLimit,
        options.Measure.DataLimit,
        options.Measure.Normalize,
        options.Measure.Resize,
        options.Measure.Sessions.Provider.ToString().ToLowerInvariant(),
        options.Measure.Sessions.Threads,
        options.Measure.InputShapes,
        options.Measure.Seed,
        options.DryRun,
        options.Verify);

    private static ReportLayer Layer(LayerChange change) => new(
        change.Before.Name,
        change.Before.Operator,
        change.Before.Weight,
        change.After?.Weight,
        change.Before.Macs,
        change.After?.Macs ?? 0,
        change.Before.Parameters,
        change.After?.Parameters ?? 0);
}
