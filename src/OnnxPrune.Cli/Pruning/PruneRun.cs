using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Pruning;

/// <summary>The steps of <c>onnxprune in.onnx out.onnx</c>.</summary>
internal sealed class PruneRun(PruneOptions options, Terminal terminal)
{
    private RunFindings? _result;

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
        var measures = isCalibrated && options.IsDecidedByInputs && options.Plan is null;
        (string, double, bool)[] all =
        [
            (StepNames.MakingInputs, 200, options.Measure.SynthesizesCalib),
            (StepNames.TimingLayers, 10, options.Targets.Times.Count > 0),
            (StepNames.MeasuringCuts, 40, measures),
            (StepNames.WeighingBlocks, 10, measures && options is { CutsBlocks: true, HasTargets: true }),
            (StepNames.SearchingTime, 25, options.Targets.Times.Count > 0),
            (StepNames.SearchingLimits, isCalibrated ? 200 : 20, !options.HasTargets && options.Plan is null),
            (StepNames.Repairing, 40, isCalibrated && options.Targets.Times.Count == 0),
            (StepNames.Distilling, 200, isCalibrated && options.Repair == RepairEffort.Distill),
            (StepNames.Quantizing, 5, options.Int8),
            (StepNames.Drift, 2, options.Verify),
            (StepNames.Accuracy, 4, options.Verify && options.Measure.Data is not null),
            (StepNames.Score, 4, options.Verify && options.Measure.Metric is not null),
            (StepNames.Latency, 3, options.Verify && options.Targets.Times.Count == 0),
        ];
        return new Phases([.. all.Where(p => p.Item3).Select(p => (p.Item1, p.Item2))]);
    }

    private void Prune()
    {
        var session = PruningSession.Open(options.Input, options.Measure, terminal);
        var loaded = session.Original;
        OutputPaths.Paths(options).Reads("external data of the model,", loaded.ExternalFiles).Check(tries: !options.DryRun);
        session.Check(options, options.Verify, options.RunsModel, terminal);
        var cut = session.Prune(options, terminal);

        using var staged = terminal.Timed("write the temporary file", () => OnnxFile.Stage(cut.Model, OutputPaths.OfModel(options)));
        var (original, pruned) = StagedNetwork.Figures(loaded, cut, staged);
        var comparison = options.Verify
            ? session.Compare(settings => Open(staged, settings), cut, terminal)
            : Load(loaded, cut.Model, staged);
        _result = new RunFindings(options, cut, original, pruned, comparison, options.Report is null ? null : cut.Layers())
        {
            // Told apart now, while both files are there.
            Files = options.Report is null
                ? null
                : (ReportModel.Of(options.Input, options.Input, original), ReportModel.Of(options.Output, staged.TemporaryPath, pruned)),
        };
        if (terminal.ShowsResults)
        {
            PruneSummary.Show(_result, terminal);
        }

        if (comparison is not null)
        {
            LossLimits.Check(options.MaxDrift, options.MaxDrop, comparison);
        }

        Commit(staged, _result);
    }

    /// <summary>Loads the result once where nothing is run, without what a session needs in order to be fast: it must be a model.</summary>
    /// <exception cref="UnsupportedModelException">ONNX Runtime loads neither the result nor the input.</exception>
    /// <exception cref="VerificationFailedException">ONNX Runtime loads the input only.</exception>
    private Comparison? Load(LoadedModel original, Model pruned, AtomicFile staged)
    {
        terminal.Timed("load the result", () =>
        {
            if (OutlineTrial.Loads(pruned))
            {
                return;
            }

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

    private OnnxSession Open(AtomicFile staged, SessionSettings settings) => StagedNetwork.Open(staged, settings, options.Output);

    /// <summary>All files are complete before the first one is put in place; the model comes last.</summary>
    private void Commit(AtomicFile staged, RunFindings result)
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
        if (options.Report is ReportFile.Stdout)
        {
            // Stdout may be closed or full, and a run that fails leaves nothing.
            ReportFile.Write(ReportFile.Stdout, text!);
        }

        plan?.Commit();
        report?.Commit();
        staged.Commit();
        Written.Say(terminal, ("the model", options.Output), ("the plan", options.PlanOut), ("the report", options.ReportPath));
    }
}
