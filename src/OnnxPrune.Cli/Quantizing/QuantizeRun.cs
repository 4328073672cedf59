using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Calibration.Synthesis;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Reports.Pages;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Constants;
using OnnxPrune.Operators;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Quantizing;

/// <summary>The steps of <c>onnxprune quantize in.onnx out.onnx</c>.</summary>
internal sealed class QuantizeRun(QuantizeOptions options, Terminal terminal)
{
    private readonly RunPaths _paths = new RunPaths()
        .Replaces(options.Input, options.Output)
        .Reads("the calibration data", options.Measure.CalibPath)
        .Reads("the labelled data", options.Measure.Data)
        .Writes("--report", options.ReportPath);

    private QuantizeResult? _result;

    public int Execute()
    {
        CheckUsage();
        _paths.Check();
        using var loading = RuntimeEnvironment.Preload(options.Measure.Sessions.Provider);
        ReportFile.Around(options.Report, Document, Quantize);
        Written.Say(terminal, ("the model", options.Output), ("the report", options.ReportPath));
        return ExitCode.Done;
    }

    private void CheckUsage()
    {
        if (options.Measure.Calib is null)
        {
            throw new UsageException(
                "The ranges of the integers come from what the network computes on its inputs: give some hundred of them by --calib.");
        }

        if (options.MaxDrop is not null && !options.Measure.CanJudgeAccuracy)
        {
            throw LossLimits.NothingToJudgeBy();
        }

        if (options.Measure.Sessions.Provider == ExecutionProvider.Cuda)
        {
            throw new UsageException(
                "ONNX Runtime's CUDA provider has no integer Conv, so that such a model is slower there: give --provider cpu, or --for "
                    + "tensorrt for a model that TensorRT runs.");
        }
    }

    private void Quantize()
    {
        // The integers are those of CPUs; a GPU that is there has nothing to do with them.
        var measure = options.Measure with { Sessions = options.Measure.Sessions with { Provider = ExecutionProvider.Cpu } };
        var loaded = LoadedModel.Read(options.Input, measure, terminal);
        _paths.Reads("external data of the model,", loaded.ExternalFiles).Check();
        loaded.Try(terminal);
        SyntheticCalibration.Ensure(loaded, measure, terminal);
        new DataReview(loaded, measure, terminal).Check(options.MaxDrift, options.MaxDrop, repairs: true);
        var before = loaded.Analysis;
        var inputs = CalibrationInputs.Of(loaded, measure, before.Cost);
        var quantizer = terminal.Watched(StepNames.Quantizing, progress =>
            new PostTrainingQuantizer(loaded.Model, inputs.Batches, options.Scheme, measure.Sessions, progress));
        var network = Quantize(quantizer, loaded, measure);
        Provenance.Add(network.Model, $"8-bit integers for {options.For.NameWith(options.Scheme)}");
        using var staged = terminal.Timed("write the temporary file", () => OnnxFile.Stage(network.Model, options.Output));
        var comparison = new Comparer(loaded, measure, terminal)
            .Compare(network.Model, settings => Open(staged, settings), metric => metric.Of(network.Model));
        var original = ModelFigures.Of(loaded.Model.Graph.Nodes.Count, before.Blocks.Count, before.Cost, loaded.Bytes);
        var quantized = original with { Nodes = network.Model.Graph.Nodes.Count, FileBytes = staged.Length };
        _result = new QuantizeResult(network, inputs.Samples, comparison, ReportModel.Of(
            options.Input, options.Input, original), ReportModel.Of(options.Output, staged.TemporaryPath, quantized));
        if (terminal.ShowsResults)
        {
            QuantizeSummary.Show(_result, terminal);
        }

        CheckLimits(comparison);
        staged.Commit();
    }

    /// <summary>All layers that can be, or as many as the limits allow.</summary>
    private QuantizedNetwork Quantize(PostTrainingQuantizer quantizer, LoadedModel loaded, MeasureOptions measure)
    {
        if (options.MaxDrift is null && options.MaxDrop is null)
        {
            return quantizer.All();
        }

        using var limits = new LossLimits(loaded, measure, options.MaxDrift, options.MaxDrop);
        return LimitedQuantization.Run(quantizer, limits, Savings, terminal)
            ?? throw new VerificationFailedException("No layer can compute with integers within the limits; nothing was written.");

        IReadOnlyDictionary<string, double> Savings() => MeasuredTimes.Savings(
            loaded.Model, new CostShapes(new ConstantValues(), loaded.Concrete?.Values), measure.Sessions, options.Scheme);
    }

    private OnnxSession Open(AtomicFile staged, SessionSettings settings)
    {
        try
        {
            return OnnxSession.Open(staged.TemporaryPath, settings, OnnxFile.ExternalWeights(staged));
        }
        catch (UnsupportedModelException e)
        {
            throw new VerificationFailedException(
                "The quantized model is not written, since it does not load. "
                    + $"{e.Message.Replace(staged.TemporaryPath, options.Output, StringComparison.Ordinal)}",
                e);
        }
    }

    private void CheckLimits(Comparison comparison)
    {
        LossLimits.Check(options.MaxDrift, options.MaxDrop, comparison);

        // Nothing is known here of what another runtime takes.
        if (!options.KeepSlower && options.For.IsTimedHere && comparison.Latency.Speedup <= 1)
        {
            throw new VerificationFailedException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"int8 was {comparison.Latency.Speedup:0.00} times as fast here, and was not written; --keep-slower writes it all the "
                        + $"same."));
        }
    }

    private string Document(RunEnd end)
    {
        var document = new QuantizeDocument(
            RunRecord.Of("quantize", end, terminal, _result?.Comparison.Latency),
            options.For.NameWith(options.Scheme),
            new QuantizeLimits(options.MaxDrift, options.MaxDrop),
            _result?.Original,
            _result?.Quantized,
            _result?.Samples,
            _result?.Network.IntegerLayers,
            _result is null ? null : QuantizeDocument.Of(_result.Network.Islands),
            _result is null ? null : PruneReport.Verification(_result.Comparison, _result.Original.Figures, _result.Quantized.Figures))
        {
            Gates = _result is null ? [] : [.. ReportGate.Of(options.MaxDrift, options.MaxDrop, _result.Comparison, LossLimits.Rounding)],
        };
        return ReportFormats.Of(options.Report!) == ReportFormat.Html
            ? QuantizePage.Write(document, options)
            : ReportFile.Json(document, ReportJson.Default.QuantizeDocument);
    }
}

/// <summary>All that a run found out.</summary>
/// <param name="Samples">How many calibration inputs there were.</param>
internal sealed record QuantizeResult(
    QuantizedNetwork Network, int Samples, Comparison Comparison, ReportModel Original, ReportModel Quantized);
