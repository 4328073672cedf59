using System.Text.Json;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Cli.Verifying;

/// <summary>The steps of <c>onnxprune verify a.onnx b.onnx</c>.</summary>
internal sealed class VerifyRun(string original, string other, double? maxDrift, string? report, MeasureOptions options, Terminal terminal)
{
    public int Execute()
    {
        var paths = new RunPaths()
            .Reads("the model", original)
            .Reads("the model", other)
            .Reads("the calibration data", options.Calib)
            .Reads("the labelled data", options.Data)
            .Writes("--report", report);
        paths.Check();
        using var loading = RuntimeEnvironment.Preload(options.Sessions.Provider);
        var first = LoadedModel.Read(original, options, terminal);
        var second = LoadedModel.Read(other, options, terminal);
        paths.Reads("external data of the model,", first.ExternalFiles.Concat(second.ExternalFiles)).Check();
        first.Try(terminal);
        second.Try(terminal);
        new DataReview(first, options, terminal).Check(maxDrift, maxDrop: null, repairs: false);
        var comparison = new Comparer(first, options, terminal).Compare(second.Open);
        var (a, b) = (Figures(first), Figures(second));
        if (!terminal.IsQuiet)
        {
            Show(a, b, comparison);
        }

        if (report is not null)
        {
            var document = new VerifyDocument("verify", original, other, maxDrift, PruneReport.Versions(comparison.Latency), a, b, PruneReport.Verification(comparison, a, b));
            using var file = TextFile.Stage(report, JsonSerializer.Serialize(document, ReportJson.Default.VerifyDocument) + "\n");
            file.Commit();
        }

        return maxDrift is { } limit && !(comparison.Drift.Total <= limit)
            ? throw new VerificationFailedException(FormattableString.Invariant($"The drift of {comparison.Drift.Total:0.####} exceeds --max-drift {limit}."))
            : ExitCode.Done;
    }

    private static ModelFigures Figures(LoadedModel loaded)
    {
        var pruner = new Pruner(loaded.Model, loaded.Concrete?.Values);
        return ModelFigures.Of(loaded.Model.Graph.Nodes.Count, pruner.Blocks.Count, pruner.Before, loaded.Bytes);
    }

    private void Show(ModelFigures first, ModelFigures second, Comparison comparison)
    {
        Tables.Show(terminal, ["", "Original", "Other", "Ratio"], SummaryRow.Of(first, second, comparison.Latency, comparison).Select(r => new[] { r.Name, r.Original, r.Pruned, r.Ratio }));
        terminal.Line();
        foreach (var line in PruneSummary.HowItWasMeasured(first, second, comparison.Latency, comparison))
        {
            terminal.Line(line);
        }
    }
}
