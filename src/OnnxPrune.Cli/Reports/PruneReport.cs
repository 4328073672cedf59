using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Channels;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Cli.Reports.Pages;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Reports;

/// <summary>The whole run as a file.</summary>
internal static class PruneReport
{
    /// <summary>The text of the report, in the format that its name asks for.</summary>
    /// <param name="result">Null where the run was refused before it came to one.</param>
    public static string Write(PruneOptions options, RunEnd end, Terminal terminal, RunFindings? result)
    {
        var document = Document(options, RunRecord.Of("prune", end, terminal, result?.Latency), result);
        return ReportFormats.Of(options.Report!) switch
        {
            ReportFormat.Json => ReportFile.Json(document, ReportJson.Default.ReportDocument),
            ReportFormat.Html => PrunePage.Write(document),
            _ => result is null ? MarkdownReport.WriteRefusal(options, end) : MarkdownReport.Write(document, result),
        };
    }

    private static ReportDocument Document(PruneOptions options, RunRecord run, RunFindings? result)
    {
        if (result is null)
        {
            return new ReportDocument(
                run,
                options.Input,
                options.Output,
                Options(options),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
        }

        var outcome = result.Cut.Outcome;
        var layers = ReportStructure.Layers(result);
        return new ReportDocument(
            run,
            options.Input,
            options.Output,
            Options(options),
            result.Cut.Rule,
            result.Files?.Original,
            result.Files?.Pruned,
            new ReportRemoved(outcome.Plan.Blocks.Count, outcome.Plan.Channels.Sum(c =>
                c.Cut.Count), outcome.DeadBlocks, outcome.DeadChannels, outcome.AbsorbedReaders, outcome.JudgedOtherwise),
            outcome.CalibrationSamples == 0
                ? null
                : new ReportRepair(outcome.Repaired, outcome.FittedTogether, outcome.DistilledEpochs, outcome.CalibrationSamples),
            outcome.Plan,
            layers,
            Blocked(outcome.Original.Channels.Blocked),
            Uncounted(outcome.Original.Uncounted),
            result.Comparison is null ? null : Verification(result.Comparison, result.Original, result.Pruned),
            result.Cut.Latency is { } search ? Search(search, result) : null,
            result.Cut.Quantization is { } quantization ? Quantization(quantization) : null)
        {
            Gates = ReportGate.Of(result),
            Blocks = ReportStructure.Blocks(outcome, layers),
            LossSearch = result.Cut.LossTrials.Count == 0
                ? null
                : [.. result.Cut.LossTrials.Select(t => new ReportLossTrial(t.MacsShare, t.Loss.Drift, t.Loss.Drop, t.Loss.IsWithin))],
            Sensitivity = result.Cut.Sensitivity is { } sensitivity ? ReportSensitivity.Of(sensitivity, outcome) : null,
        };
    }

    private static ReportQuantization Quantization(QuantizationFinding finding) => new(
        finding.WhyFloat is null ? finding.IntegerLayers : 0, finding.Race?.Speedup, finding.WhyFloat,
        QuantizeDocument.Of(finding.Islands));

    private static ReportSearch Search(LatencyFinding search, RunFindings result) => new(
        search.Race is null ? 0 : search.Trials.Count,
        search.Race is { } race ? Latency(race, result.Original, result.Pruned) : null,
        [.. search.Trials.Select(t =>
            new ReportTrial(t.Macs, t.Parameters, t.Trial.Typical.Speedup, t.Trial.Used, t.Trial.Low, t.Trial.High, t.Trial.Races))]);

    public static IReadOnlyList<ReportBlocked> Blocked(IEnumerable<BlockedChannels> blocked) =>
        [.. blocked
            .OrderByDescending(b => b.Count)
            .Select(b => new ReportBlocked(b.Reason, b.Count, [.. b.Producers.Select(p => p.Label)]))];

    public static IReadOnlyList<ReportUncounted> Uncounted(IEnumerable<UncountedLayer> layers) =>
        [.. layers.Select(l => new ReportUncounted(l.Node.Label, l.Node.OpType, l.Reason))];

    public static ReportVerification Verification(Comparison comparison, ModelFigures original, ModelFigures pruned)
    {
        var accuracy = comparison.Accuracy is { } report
            ? new ReportAccuracy(
                report.Models[0].Top1, report.Models[^1].Top1, Interval(report, 0), Interval(report, ^1), report.Models[^1].Agreement,
                report.Models[^1].ChanceAgreement, report.Samples, comparison.AccuracyData!)
            {
                OriginalTop5 = report.Models[0].Top5,
                PrunedTop5 = report.Models[^1].Top5,
                Classes = [.. report.Classes.Select(c => new ReportClass(c.Label, c.Samples, c.Top1[0], c.Top1[^1]))],
                Moved = [.. comparison.Moved.Select(ReportMoved.Of)],
            }
            : null;
        return new ReportVerification(
            comparison.Drift.Total,
            comparison.Drift.LowestEqualShare,
            [.. comparison.Drift.Outputs.Select(o => new ReportOutput(o.Name, o.RelativeError, o.LargestError, o.EqualShare))],
            comparison.DriftInputs,
            Latency(comparison.Latency, original, pruned),
            accuracy,
            comparison.Score is { } score ? new ReportScore(score.Original, score.Other, score.Drop) : null,
            comparison.Cleared is { } cleared ? new ReportVanishing(cleared.Vanishing, Latency(cleared.Latency, original, pruned)) : null)
        {
            LayerTimes = comparison.Layers is { } layers ? ReportLayerTimes.Of(layers, original, pruned, comparison.Latency) : null,
        };
    }

    private static IReadOnlyList<double>? Interval(AccuracyReport report, Index model) =>
        report.Models[model].Top1 is { } top1 && ModelAccuracy.Interval(top1, report.Samples) is var (low, high) ? [low, high] : null;

    public static ReportLatency Latency(LatencyReport latency, ModelFigures original, ModelFigures pruned)
    {
        var (a, b) = (latency.Racers[0], latency.Racers[^1]);
        return new ReportLatency(
            a.P50Milliseconds,
            b.P50Milliseconds,
            a.P90Milliseconds,
            b.P90Milliseconds,
            a.P99Milliseconds,
            b.P99Milliseconds,
            b.Ratio,
            latency.Speedup,
            latency.SpeedupInterval.Low,
            latency.SpeedupInterval.High,
            latency.Rounds,
            latency.Batch,
            latency.Provider,
            latency.CoresOfOthers,
            IdealGain.Realized(original, pruned, latency))
        {
            OriginalMs = Series.Of(a.RoundMilliseconds),
            PrunedMs = Series.Of(b.RoundMilliseconds),
        };
    }

    private static ReportOptions Options(PruneOptions options) => new(
        [.. options.Targets.Texts],
        options.MaxDrift,
        options.MaxDrop,
        options.Plan,
        options.Granularity,
        options.Criterion,
        options.Round is { } multiple ? Numbers.Plain(multiple) : "auto",
        options.For.Name,
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
}
