using System.Globalization;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.Staircase;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Training;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Runs;

namespace OnnxPrune.Cli.Training;

/// <summary>The steps of <c>onnxprune train</c> and <c>onnxprune finetune</c>.</summary>
internal sealed class TrainRun(TrainOptions options, Terminal terminal)
{
    private bool IsFinetuning => options.Training.Method == TrainingMethod.Finetune;

    public int Execute()
    {
        CheckOutputs();
        TorchLibrary.Load();
        var device = TorchLibrary.ParseDevice(options.Device);
        if (options.Threads > 0)
        {
            TorchLibrary.SetThreads(options.Threads);
        }

        var loaded = LoadedModel.Read(options.Input, new MeasureOptions(), terminal);
        var teacher = options.Teacher is { } path ? OnnxFile.Read(path) : IsFinetuning ? null : loaded.Model;
        if (teacher is null && options.Training.Objective.Distillation > 0)
        {
            throw new UsageException("--distill needs a --teacher.");
        }

        var sessions = new SessionSettings { Provider = Providers.Resolve(ExecutionProvider.Auto), Threads = options.Threads, TakesTurns = true };
        var session = OnnxSession.Open(options.Input, sessions);
        using var track = new RaceTrack(session, SyntheticInputs.Make(session, options.Training.Seed, loaded.Concrete?.Inputs));
        var data = terminal.Timed("open the data", () => TrainingData.Open(options, session.Inputs[0], terminal));
        var before = terminal.Watched("measuring the accuracy", _ => data.Validation.Measure(loaded.Model));
        var training = options.Training with { Rounding = options.Round is { } round ? new Rounding(round) : Rounding.Measured(MeasuredTimes.Multiple(sessions)) };
        var outcome = Interrupts.Orderly(stop => Progress.Show("training", terminal.ShowsResults && !terminal.IsVerbose && Progress.IsPossible, (progress, describe) =>
        {
            using var log = new TrainingLog(options.Log, new TrainingDisplay(progress, describe, terminal));
            using var run = new TrainingRun(loaded.Model, teacher, data.Samples, data.Validation, training, device, log, options.CheckpointPath, resumes: true, Request(training), track);
            return run.Run(stop);
        }));
        if (outcome is null)
        {
            terminal.Note($"stopped; the same command goes on from '{options.CheckpointPath}'.");
            return ExitCode.Signalled + Interrupts.Signal;
        }

        Write(outcome);
        if (terminal.ShowsResults)
        {
            var race = terminal.Watched("racing the trained network", _ => track.Race(outcome.Pruned, RaceTrack.Long));
            Show(loaded, outcome, data, before, race);
            Written.Say(terminal, ("the model", options.Output), ("the pruned model", options.Pruned));
        }

        return ExitCode.Done;
    }

    private void CheckOutputs()
    {
        foreach (var path in new[] { options.Output, options.Pruned, options.CheckpointPath, options.Log }.OfType<string>())
        {
            if (Directory.Exists(path) || Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            {
                throw new UsageException($"'{path}' cannot be written: it is a folder, or lies in none that exists.");
            }
        }
    }

    /// <summary>What the numbers of the run depend on.</summary>
    private string Request(TrainingOptions training) => string.Join(
        '\n',
        [
            Path.GetFullPath(options.Input),
            .. options.Data,
            options.Validation,
            options.HoldOut?.ToString(CultureInfo.InvariantCulture),
            options.Normalize,
            options.Resize?.ToString(CultureInfo.InvariantCulture),
            options.Teacher,
            string.Join(' ', training.Targets),
            string.Join(' ', training.TimeTargets),
            training with { Targets = [], TimeTargets = [] },
        ]);

    private void Write(TrainingOutcome outcome)
    {
        var model = IsFinetuning ? outcome.Pruned : outcome.Masked;
        using var output = OnnxFile.Stage(model, options.Output);
        using var pruned = options.Pruned is { } path ? OnnxFile.Stage(outcome.Pruned, path) : null;
        pruned?.Commit();
        output.Commit();
        File.Delete(options.CheckpointPath);
    }

    private void Show(LoadedModel loaded, TrainingOutcome outcome, TrainingData data, double before, LatencyReport race)
    {
        var after = data.Validation.Measure(outcome.Pruned);
        var blocks = new Pruner(loaded.Copy().Model, null).Blocks.Count;
        var rows = SummaryRow.Of(
            ModelFigures.Of(loaded.Model.Graph.Nodes.Count, blocks, outcome.Before, loaded.Bytes),
            ModelFigures.Of(outcome.Pruned.Graph.Nodes.Count, blocks - outcome.Plan.Blocks.Count, outcome.After, OnnxFile.ToBytes(outcome.Pruned).Length),
            race,
            null).Append(Accuracy(before, after));
        Tables.Show(terminal, ["", "Original", IsFinetuning ? "Finetuned" : "Pruned", "Ratio"], rows.Select(r => new[] { r.Name, r.Original, r.Pruned, r.Ratio }));
        terminal.Line();
        terminal.Line($"Accuracy: ONNX Runtime on {data.Description}.");
        terminal.Line(Numbers.Race(race));
        foreach (var missed in options.Training.TimeTargets.Where(t => t.Used(race.Racers[^1]) > 1))
        {
            terminal.Note($"the last race says that the target {missed} is missed; to cut further, prune the result with '--target {missed}'.");
        }

        if (!IsFinetuning)
        {
            terminal.Line($"'{options.Output}' has the original's structure and carries the plan: 'onnxprune {options.Output} small.onnx' applies it.");
        }
    }

    private static SummaryRow Accuracy(double before, double after) => new(
        "Top-1 accuracy",
        string.Create(CultureInfo.InvariantCulture, $"{100 * before:0.00} %"),
        string.Create(CultureInfo.InvariantCulture, $"{100 * after:0.00} %"),
        string.Create(CultureInfo.InvariantCulture, $"{100 * (after - before):+0.00;-0.00;0.00} points"));
}
