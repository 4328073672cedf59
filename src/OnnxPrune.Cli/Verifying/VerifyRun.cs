using OnnxPrune.Calibration.Synthesis;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Reports.Pages;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Cli.Verifying;

/// <summary>The steps of <c>onnxprune verify a.onnx b.onnx</c>.</summary>
internal sealed class VerifyRun(VerifyOptions options, Terminal terminal)
{
    private readonly RunPaths _paths = new RunPaths()
        .Reads("the model", options.Original)
        .Reads("the model", options.Other)
        .Reads("the calibration data", options.Measure.CalibPath)
        .Reads("the labelled data", options.Measure.Data)
        .Writes("--report", options.ReportPath);

    private Comparison? _comparison;
    private ModelFigures? _original;
    private ModelFigures? _other;

    public int Execute()
    {
        if (options.MaxDrop is not null && !options.Measure.CanJudgeAccuracy)
        {
            throw LossLimits.NothingToJudgeBy();
        }

        _paths.Check();
        using var loading = RuntimeEnvironment.Preload(options.Measure.Sessions.Provider);
        ReportFile.Around(options.Report, Document, Compare);
        Written.Say(terminal, ("the report", options.Report));
        return ExitCode.Done;
    }

    private void Compare()
    {
        var first = LoadedModel.Read(options.Original, options.Measure, terminal);
        _original = Figures(first);
        var second = LoadedModel.Read(options.Other, options.Measure, terminal);
        _other = Figures(second);
        _paths.Reads("external data of the model,", first.ExternalFiles.Concat(second.ExternalFiles)).Check();
        first.Try(terminal);
        second.Try(terminal);
        SyntheticCalibration.Ensure(first, options.Measure, terminal);
        new DataReview(first, options.Measure, terminal).Check(options.MaxDrift, options.MaxDrop, repairs: false);
        _comparison = new Comparer(first, options.Measure, terminal)
            .Compare(second.Model, second.Open, metric => metric.Of(options.Other, "the second model"));
        if (terminal.ShowsResults)
        {
            Show(_original, _other, _comparison);
        }

        Gates.Check(options, _comparison);
    }

    private string Document(RunEnd end)
    {
        var document = new VerifyDocument(
            RunRecord.Of("verify", end, terminal, _comparison?.Latency),
            new VerifyLimits(options.MaxDrift, options.MaxDrop, options.MinSpeedup),
            _original is null ? null : ReportModel.Of(options.Original, options.Original, _original),
            _other is null ? null : ReportModel.Of(options.Other, options.Other, _other),
            _comparison is null ? null : PruneReport.Verification(_comparison, _original!, _other!))
        {
            Gates = _comparison is null ? [] : ReportGate.Of(options, _comparison),
        };
        return ReportFormats.Of(options.Report!) == ReportFormat.Html
            ? VerifyPage.Write(document)
            : ReportFile.Json(document, ReportJson.Default.VerifyDocument);
    }

    private static ModelFigures Figures(LoadedModel loaded)
    {
        var network = loaded.Analysis;
        return ModelFigures.Of(loaded.Model.Graph.Nodes.Count, network.Blocks.Count, network.Cost, loaded.Bytes);
    }

    private void Show(ModelFigures first, ModelFigures second, Comparison comparison)
    {
        Tables.Show(terminal, ["", "Original", "Other", "Ratio"], SummaryRow.Of(first, second, comparison.Latency, comparison).Select(r =>
            new[] { r.Name, r.Original, r.Pruned, r.Ratio }));
        terminal.Line();
        foreach (var line in PruneSummary.HowItWasMeasured(first, second, comparison.Latency, comparison))
        {
            terminal.Line(line);
        }
    }
}
