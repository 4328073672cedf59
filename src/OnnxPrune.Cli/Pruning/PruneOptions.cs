using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Pruning;

/// <summary>The command line's request to a pruning run: the session's, with files and output.</summary>
internal sealed record PruneOptions : PruningOptions
{
    public required string Input { get; init; }

    /// <summary>The path that the plan is written to; null for none.</summary>
    public string? PlanOut { get; init; }

    /// <summary>The report's path, or - for stdout; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>The report's file; null where there is none, or it goes to stdout.</summary>
    public string? ReportPath => Report is Reports.ReportFile.Stdout ? null : Report;

    public bool DryRun { get; init; }

    public bool Verify { get; init; }

    public required MeasureOptions Measure { get; init; }

    /// <summary>True if the input is going to be run, and not only read.</summary>
    public bool RunsModel => Verify || Measure.Calib is not null || Targets.Times.Count > 0 || (Plan is null && !HasTargets);

    public string Granularity =>
        (CutsBlocks, CutsChannels) switch { (true, true) => "blocks,channels", (true, false) => "blocks", _ => "channels" };
}
