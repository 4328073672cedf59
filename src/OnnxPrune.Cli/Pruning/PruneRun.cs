using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Constants;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.Staircase;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Pruning;

/// <summary>The steps of <c>onnxprune in.onnx out.onnx</c>.</summary>
internal sealed class PruneRun(PruneOptions options, Terminal terminal)
{
    // A search ends as close to the limit as it can, and another kernel may round otherwise.
    private const double Rounding = 1.001;

    private PruneResult? _result;

    public int Execute()
    {
        OutputPaths.Check(options);
        terminal.Phases = Expected();
        using var loading = RuntimeEnvironment.Preload(options.Measure.Sessions.Provider);
        ReportFile.Around(options.Report, end => PruneReport.Write(options, end, terminal, _result), Prune, reportsItself: true);
        return ExitCode.Done;
    }

    /// <summary>The long steps of this run, and about how they share its time.</summary>
    private Phases Expected()
    {
        var isCalibrated = options.Measure.Calib is not null && options.AbsorbMeans;
        var measures = isCalibrated && CalibratedCutter.Decides(options) && options.Plan is null;
        (string, double, bool)[] all =
        [
            (PhaseNames.TimingLayers, 10, options.TimeTargets.Count > 0),
            (PhaseNames.MeasuringCuts, 40, measures),
            (PhaseNames.WeighingBlocks, 10, measures && options is { CutsBlocks: true, HasTargets: true }),
            (PhaseNames.SearchingTime, 25, options.TimeTargets.Count > 0),
            (PhaseNames.SearchingLimits, isCalibrated ? 200 : 20, !options.HasTargets && options.Plan is null),
            (PhaseNames.Repairing, 40, isCalibrated && options.TimeTargets.Count == 0),
            (PhaseNames.Drift, 2, options.Verify),
            (PhaseNames.Accuracy, 4, options.Verify && options.Measure.Data is not null),
            (PhaseNames.Latency, 3, options.Verify && options.TimeTargets.Count == 0),
        ];
        return new Phases([.. all.Where(p => p.Item3).Select(p => (p.Item1, p.Item2))]);
    }

    private void Prune()
    {
        var loaded = LoadedModel.Read(options.Input, options.Measure, terminal);
        OutputPaths.Paths(options).Reads("external data of the model,", loaded.ExternalFiles).Check(tries: !options.DryRun);
        if (options.Verify && ShapeInference.IsComplete(loaded.Model.Graph))
        {
            // Otherwise the runtime has loaded the model to infer its shapes.
            terminal.Timed("ask whether the model loads", () => loaded.Open(SessionSettings.Plain).Dispose());
        }

        if (options.RunsModel)
        {
            loaded.Try(terminal);
        }

        if (options.Verify)
        {
            terminal.Timed("compare the model as it was read with the file", () => RewritingCheck.Run(loaded, options.Measure));
        }

        new DataReview(loaded, options.Measure, terminal).Check(options.MaxDrift, options.MaxDrop, repairs: options.AbsorbMeans);
        var nodesBefore = loaded.Model.Graph.Nodes.Count;
        var multiple = options.Round ?? terminal.Timed("find the multiple of channels", () => MeasuredTimes.Multiple(options.Measure.Sessions));
        var times = options.TimeTargets.Count == 0 ? null : Times(loaded, multiple);
        var network = terminal.Timed("follow the channels", () => loaded.Analyse(times));
        WarnOfPatterns(network);
        var layers = options.Report is null ? null : LayerTable.Of(network);
        var cut = terminal.Timed("prune", () => new Cutter(loaded, network, options, multiple, terminal).Cut());
        SayWhatWasAssumed(cut.Outcome);

        using var staged = terminal.Timed("write the temporary file", () => OnnxFile.Stage(cut.Model, OutputPaths.OfModel(options)));
        var (original, pruned) = (
            ModelFigures.Of(nodesBefore, network.Blocks.Count, cut.Outcome.Before, loaded.Bytes),
            ModelFigures.Of(cut.Model.Graph.Nodes.Count, network.Blocks.Count - cut.Outcome.Plan.Blocks.Count, cut.Outcome.After, staged.Length));
        _result = new PruneResult(
            options,
            cut,
            original,
            pruned,
            options.Verify ? Verify(loaded, staged, cut.Latency?.Race) : Load(loaded, staged),
            layers?.After(cut.Outcome.Pruned))
        {
            // Told apart now, while both files are there.
            Files = options.Report is null ? null : (ReportModel.Of(options.Input, options.Input, original), ReportModel.Of(options.Output, staged.TemporaryPath, pruned)),
        };
        if (terminal.ShowsResults)
        {
            PruneSummary.Show(_result, terminal);
        }

        CheckLimits(_result);
        Commit(staged, _result);
    }

    /// <summary>What the layers take on this machine. The tile is the kernels' own, whatever multiple was asked for.</summary>
    private LayerTimes Times(LoadedModel loaded, int multiple)
    {
        var sessions = options.Measure.Sessions;
        var tile = options.Round is null ? multiple : MeasuredTimes.Multiple(sessions);
        return terminal.Watched(PhaseNames.TimingLayers, progress =>
            MeasuredTimes.Of(loaded.Model, new CostShapes(new ConstantValues(), loaded.Concrete?.Values), sessions, tile, progress.Report));
    }

    /// <summary>A pattern that matches nothing is a mistyped one.</summary>
    private void WarnOfPatterns(NetworkAnalysis network)
    {
        foreach (var (option, pattern) in new[] { ("--exclude", options.Exclude), ("--only", options.Only) })
        {
            if (pattern is not null && !PruneRequest.Matches(pattern, network.Model, network.Blocks))
            {
                terminal.Note($"{option} '{pattern}' matches no node, weight or block of the model; 'onnxprune inspect {options.Input}' shows their names.");
            }
        }
    }

    private void SayWhatWasAssumed(PruneOutcome outcome)
    {
        if (outcome.JudgedOtherwise > 0)
        {
            terminal.Note($"the criterion {options.Criterion} could not judge {outcome.JudgedOtherwise} sets of coupled channels; scaled-norm ranked those.");
        }
    }

    private Comparison Verify(LoadedModel original, PendingFile staged, LatencyReport? race) =>
        new Comparer(original, options.Measure, terminal).Compare(settings => Open(staged, settings), race);

    /// <summary>Where nothing is run, the result is loaded once, without what a session needs in order to be fast: it must be a model.</summary>
    /// <exception cref="UnsupportedModelException">ONNX Runtime loads neither the result nor the input.</exception>
    /// <exception cref="VerificationFailedException">ONNX Runtime loads the input only.</exception>
    private Comparison? Load(LoadedModel original, PendingFile staged)
    {
        terminal.Timed("load the result", () =>
        {
            try
            {
                Open(staged, SessionSettings.Plain).Dispose();
            }
            catch (VerificationFailedException)
            {
                original.Open(SessionSettings.Plain).Dispose();
                throw;
            }
        });
        return null;
    }

    private OnnxSession Open(PendingFile staged, SessionSettings settings)
    {
        var path = staged.TemporaryPath;
        try
        {
            return OnnxSession.Open(path, settings, OnnxFile.ExternalWeights(staged));
        }
        catch (UnsupportedModelException e)
        {
            throw new VerificationFailedException($"The pruned model is not written, since it does not load. {e.Message.Replace(path, options.Output, StringComparison.Ordinal)}", e);
        }
    }

    private void CheckLimits(PruneResult result)
    {
        if (options.MaxDrift is { } limit && result.Comparison is { } comparison && !(comparison.Drift.Total <= limit * Rounding))
        {
            throw new VerificationFailedException(FormattableString.Invariant(
                $"The drift of {comparison.Drift.Total:0.####} exceeds --max-drift {limit}; nothing was written."));
        }

        if (options.MaxDrop is not { } most || result.Comparison is not { Accuracy: { } accuracy } measured)
        {
            return;
        }

        if (accuracy.Models is not [{ Top1: { } before }, { Top1: { } after }])
        {
            throw LossLimits.NoLabels(measured.AccuracyData);
        }

        if (LossLimits.Drop(before, after) is var drop && drop > most)
        {
            throw new VerificationFailedException(FormattableString.Invariant($"The loss of {drop:0.##} points of accuracy exceeds --max-drop {most}; nothing was written."));
        }
    }

    /// <summary>All files are complete before the first one is put in place; the model comes last.</summary>
    private void Commit(PendingFile staged, PruneResult result)
    {
        if (options.DryRun)
        {
            terminal.Note("this was a dry run; nothing was written.");
            if (options.Report is ReportFile.Stdout)
            {
                ReportFile.Write(ReportFile.Stdout, PruneReport.Write(options, RunEnd.Done, terminal, result));
            }

            return;
        }

        var text = options.Report is null ? null : PruneReport.Write(options, RunEnd.Done, terminal, result);
        using var plan = options.PlanOut is { } planPath ? TextFile.Stage(planPath, result.Cut.Outcome.Plan.ToJson()) : null;
        using var report = options.ReportPath is { } reportPath ? TextFile.Stage(reportPath, text!) : null;
        plan?.Commit();
        report?.Commit();
        staged.Commit();
        if (options.Report is ReportFile.Stdout)
        {
            ReportFile.Write(ReportFile.Stdout, text!);
        }

        Written.Say(terminal, ("the model", options.Output), ("the plan", options.PlanOut), ("the report", options.ReportPath));
    }
}
