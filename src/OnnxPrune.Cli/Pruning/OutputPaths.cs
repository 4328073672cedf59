using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Commands;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Pruning;

/// <summary>The output paths of a run, checked before any work is done.</summary>
internal static class OutputPaths
{
    /// <exception cref="UsageException">A path cannot be written to, two are the same, or options contradict each other.</exception>
    public static void Check(PruneOptions options)
    {
        if (options.Plan is not null && options.HasTargets)
        {
            throw new UsageException("--plan is applied exactly; it cannot be combined with --target.");
        }

        if ((options.HasTargets || options.Plan is not null) && options.HasLimits && !options.Verify)
        {
            throw new UsageException(
                $"{(options.MaxDrift is null ? "--max-drop" : "--max-drift")} beside a target or a plan needs the verification; drop "
                    + "--no-verify.");
        }

        if (options.Int8 && options.Measure.Calib is null)
        {
            throw IntegerStep.NoInputs();
        }

        if (options.MaxDrop is not null && !options.Measure.CanJudgeAccuracy)
        {
            throw LossLimits.NothingToJudgeBy();
        }

        ReportFormats.Check(options.ReportPath, ".json", ".md", ".html");
        Paths(options).Check(tries: !options.DryRun);
    }

    /// <summary>The files that the run reads and writes, but for what its model has in other files.</summary>
    public static RunPaths Paths(PruneOptions options) => new RunPaths()
        .Replaces(options.Input, options.Output)
        .Reads("the plan", options.Plan)
        .Reads("the calibration data", options.Measure.CalibPath)
        .Reads("the labelled data", options.Measure.Data)
        .Writes("--plan-out", options.PlanOut)
        .Writes("--report", options.ReportPath);

    /// <summary>The path that the model is written to: a dry run measures a file that nobody asked for, so it lies elsewhere.</summary>
    public static string OfModel(PruneOptions options) =>
        options.DryRun ? Path.Combine(Path.GetTempPath(), "onnxprune-dry-run.onnx") : options.Output;
}
