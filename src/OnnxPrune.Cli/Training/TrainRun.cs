using System.Globalization;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Reports.Pages;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Torch;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>The steps of <c>onnxprune train</c> and <c>onnxprune finetune</c>.</summary>
internal sealed class TrainRun(TrainOptions options, Terminal terminal)
{
    private IReadOnlyDictionary<string, string>? _request;
    private TrainingOutcome? _outcome;
    private Result? _result;
    private RunEnd? _stopped;
    private ReportLowBits? _lowBits;

    private bool IsFinetuning => options.Training.Method == TrainingMethod.Finetune;

    public int Execute()
    {
        ReportFormats.Check(options.Report, ".json", ".html");
        var paths = new RunPaths()
            .Replaces(options.Input, options.Output)
            .Reads("the training data", options.Data)
            .Reads("the validation data", options.Validation)
            .Reads("the teacher", options.Teacher)
            .Writes("--pruned", options.Pruned)
            .Writes("--checkpoint", options.CheckpointPath)
            .Writes("--log", options.Log)
            .Writes("--report", options.Report);
        paths.Check();
        ReportFile.Around(options.Report, Document, () => Train(paths));
        return _stopped?.ExitCode ?? ExitCode.Done;
    }

    private void Train(RunPaths paths)
    {
        TorchLibrary.Load();
        var device = TorchLibrary.ParseDevice(options.Device);
        if (options.Threads > 0)
        {
            TorchLibrary.SetThreads(options.Threads);
        }

        var loaded = LoadedModel.Read(options.Input, new MeasureOptions(), terminal);
        loaded.Try(terminal);
        if (options.Training.Targets.Costs.Count > 0)
        {
            NetworkAnalysis.Of(loaded.Model, loaded.Concrete?.Values).CheckCounts(options.Training.Targets.Costs);
        }

        if (options.Training.Bits is { } widths)
        {
            LowBitExport.Check(loaded.Model, widths, options);
        }

        var teacher = options.Teacher is { } path ? OnnxFile.Read(path) : IsFinetuning ? null : loaded.Model;
        paths.Reads("external data of the model,", loaded.ExternalFiles.Concat(teacher is null ? [] : OnnxFile.ExternalFiles(teacher)))
            .Check();
        if (teacher is null && options.Training.Objective.Distillation > 0)
        {
            throw new UsageException("--distill needs a --teacher.");
        }

        var sessions =
            new SessionSettings { Provider = Providers.Resolve(ExecutionProvider.Auto), Threads = options.Threads };
        var session = loaded.Open(sessions);
        using var track = new PairedBenchmark(session, SyntheticInputs.Make(session, options.Training.Seed, loaded.Concrete?.Inputs));
        var data = terminal.Timed("open the data", () => TrainingData.Open(options, session.Inputs[0], terminal));
        var before = terminal.Watched("measuring the accuracy", _ => data.Validation.Measure(loaded.Model));
        var training = options.Training with
        {
            Rounding = options.Round is { } round
            ? new Rounding(round)
            : Rounding.Measured(MeasuredTimes.Multiple(sessions))
        };
        var request = _request = TrainRequest.Of(options, training);
        var outcome = Interrupts.Orderly(stop =>
            Progress.Show("training", terminal.ShowsResults && !terminal.IsVerbose && Progress.IsPossible, (progress, describe) =>
        {
            using var log = new TrainingLog(options.Log, new TrainingDisplay(progress, describe, terminal));
            using var run =
                new TrainingRun(
                    loaded.Model,
                    teacher,
                    data.Samples,
                    data.Validation,
                    training,
                    device,
                    log,
                    options.CheckpointPath,
                    resumes: !options.Restarts,
                    request,
                    track,
                    data.HeldOut);
            return run.Run(stop);
        }));
        if (outcome is null)
        {
            _stopped = new RunEnd(
                ExitCode.Signalled + Interrupts.Signal, $"stopped; the same command goes on from '{options.CheckpointPath}'.", null);
            terminal.Note(_stopped.Message!);
            return;
        }

        if (training.Bits is { } bits)
        {
            _lowBits = LowBitSurvey.Of(outcome.Pruned, bits);
            outcome = outcome with { Pruned = LowBitExport.Of(outcome, bits, options, session.Inputs, terminal) };
        }

        _outcome = outcome;
        Write(outcome);
        if (terminal.ShowsResults || options.Report is not null)
        {
            _result = Measure(loaded, outcome, data, before, track);
            Show(_result, outcome);
            Written.Say(terminal, ("the model", options.Output), ("the pruned model", options.Pruned), ("the report", options.Report));
        }
    }

    private void Write(TrainingOutcome outcome)
    {
        var model = IsFinetuning ? outcome.Pruned : outcome.Masked;
        using var output = OnnxFile.Stage(model, options.Output);
        using var pruned = options.Pruned is { } path ? OnnxFile.Stage(outcome.Pruned, path) : null;
        pruned?.Commit();
        output.Commit();
        File.Delete(options.CheckpointPath);
    }

    private Result Measure(LoadedModel loaded, TrainingOutcome outcome, TrainingData data, double before, PairedBenchmark track)
    {
        var race = terminal.Watched("racing the trained network", _ => track.Race(outcome.Pruned, PairedBenchmark.Long));
        var blocks = NetworkAnalysis.OnDemand(loaded.Model).Blocks.Count;
        return new Result(
            ModelFigures.Of(loaded.Model.Graph.Nodes.Count, blocks, outcome.Before, loaded.Bytes),
            ModelFigures.Of(
                outcome.Pruned.Graph.Nodes.Count,
                blocks - outcome.Plan.Blocks.Count,
                outcome.After,
                OnnxFile.ToBytes(outcome.Pruned).Length),
            race,
            new TrainedAccuracy(before, data.Validation.Measure(outcome.Pruned), data.Validation.Samples, data.Description));
    }

    private string Document(RunEnd end)
    {
        var document = new TrainingDocument(
            RunRecord.Of(IsFinetuning ? "finetune" : "train", _stopped ?? end, terminal, _result?.Race),
            options.Input,
            options.Output,
            _request,
            _result is { } result ? ReportModel.Of(options.Input, options.Input, result.Original) : null,
            _result is { } trained ? ReportModel.Of(options.Output, options.Output, trained.Trained) : null,
            _result?.Accuracy,
            _outcome?.HeldOut is { } held
                ? new TrainedHeldOut(held.Start, held.End, held.Samples, held.KeepsStart ? "start" : "end")
                : null,
            _result?.Race.Speedup)
        {
            LowBits = _lowBits,
            Latency = _result is { } raced ? PruneReport.Latency(raced.Race, raced.Original, raced.Trained) : null,
        };
        return ReportFormats.Of(options.Report!) == ReportFormat.Html
            ? TrainingPage.Write(document)
            : ReportFile.Json(document, ReportJson.Default.TrainingDocument);
    }

    private void Show(Result result, TrainingOutcome outcome)
    {
        if (!terminal.ShowsResults)
        {
            return;
        }

        var rows = SummaryRow.Of(result.Original, result.Trained, result.Race, null)
            .Append(Accuracy(result.Accuracy.Before, result.Accuracy.After));
        Tables.Show(terminal, ["", "Original", IsFinetuning ? "Finetuned" : "Pruned", "Ratio"], rows.Select(r =>
            new[] { r.Name, r.Original, r.Pruned, r.Ratio }));
        terminal.Line();
        terminal.Line($"Accuracy: ONNX Runtime on {result.Accuracy.Data}.");
        terminal.Line(Numbers.Race(result.Race));
        if (_lowBits is { } found)
        {
            terminal.Line($"Bits: {found.Describe()}.");
        }

        foreach (var missed in options.Training.Targets.Times.Where(t => t.Used(result.Race.Racers[^1]) > 1))
        {
            terminal.Note(
                $"the last race says that the target {missed} is missed; to cut further, prune the result with '--target {missed}'.");
        }

        if (outcome.HeldOut is { } held)
        {
            var kept = held.KeepsStart
                ? $"; '{options.Output}' has the weights of '{options.Input}', as finetuning made them no better. A lower --lr, more "
                    + "--data or a --teacher may."
                : ".";
            terminal.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"Loss on {held.Samples} samples held back: {held.Start:0.0000} at the start, {held.End:0.0000} at the end{kept}"));
        }

        if (!IsFinetuning)
        {
            var form = options.Training.Bits is { } bits ? $", to floats; '{options.Pruned}' is what {bits} made" : "";
            terminal.Line(
                $"'{options.Output}' has the original's structure and carries the plan: 'onnxprune {options.Output} small.onnx' applies "
                    + $"it{form}.");
        }
    }

    private static SummaryRow Accuracy(double before, double after) => new(
        "Top-1 accuracy",
        string.Create(CultureInfo.InvariantCulture, $"{100 * before:0.00} %"),
        string.Create(CultureInfo.InvariantCulture, $"{100 * after:0.00} %"),
        string.Create(CultureInfo.InvariantCulture, $"{100 * (after - before):+0.00;-0.00;0.00} points"));

    private sealed record Result(ModelFigures Original, ModelFigures Trained, LatencyReport Race, TrainedAccuracy Accuracy);
}
