using System.Text.RegularExpressions;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Importance;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Pruning;

/// <summary>What the command line asks of a pruning run.</summary>
internal sealed record PruneOptions
{
    /// <summary>The drift that is allowed where nothing else decides how much goes.</summary>
    public const double DefaultMaxDrift = 0.05;

    public required string Input { get; init; }

    public required string Output { get; init; }

    public IReadOnlyList<Target> Targets { get; init; } = [];

    public IReadOnlyList<TimeTarget> TimeTargets { get; init; } = [];

    public IReadOnlyList<SizeTarget> SizeTargets { get; init; } = [];

    /// <summary>Null when it was not given.</summary>
    public double? MaxDrift { get; init; }

    /// <summary>The most points of top-1 accuracy that may be lost; null when it was not given.</summary>
    public double? MaxDrop { get; init; }

    public string? Plan { get; init; }

    public string? PlanOut { get; init; }

    public string? Report { get; init; }

    /// <summary>The report's file; null where there is none, or it goes to stdout.</summary>
    public string? ReportPath => Report is Reports.ReportFile.Stdout ? null : Report;

    public bool CutsBlocks { get; init; }

    public bool CutsChannels { get; init; }

    public string? Criterion { get; init; }

    /// <summary>The channel multiple; null to ask the provider.</summary>
    public int? Round { get; init; }

    public Regex? Exclude { get; init; }

    public Regex? Only { get; init; }

    public RepairEffort Repair { get; init; }

    public bool AbsorbMeans => Repair != RepairEffort.None;

    public bool DryRun { get; init; }

    public bool Verify { get; init; }

    public required MeasureOptions Measure { get; init; }

    public bool HasLimits => MaxDrift is not null || MaxDrop is not null;

    /// <summary>Whether the input is going to be run, and not only read.</summary>
    public bool RunsModel => Verify || Measure.Calib is not null || TimeTargets.Count > 0 || (Plan is null && !HasTargets);

    public int TargetCount => Targets.Count + SizeTargets.Count + TimeTargets.Count;

    public bool HasTargets => TargetCount > 0;

    /// <summary>All targets as they can be written on the command line.</summary>
    public IReadOnlyList<string> TargetTexts => [.. Targets.Select(t => t.ToString()), .. SizeTargets.Select(t => t.ToString()), .. TimeTargets.Select(t => t.ToString())];

    /// <summary>All targets, in words.</summary>
    public string TargetText => string.Join(", ", TargetTexts);

    public string Granularity => (CutsBlocks, CutsChannels) switch { (true, true) => "blocks,channels", (true, false) => "blocks", _ => "channels" };

    /// <summary>The same for the pruner.</summary>
    /// <param name="multiple">What the provider's kernels work on.</param>
    public PruneRequest ToRequest(int multiple) => new()
    {
        Targets = Targets,
        Criterion = Criterion is null or "gram" ? null : Criteria.Named(Criterion, Measure.Seed),
        Rounding = Round is { } round ? new Rounding(round) : Automatic(multiple),
        CutsBlocks = CutsBlocks,
        CutsChannels = CutsChannels,
        Exclude = Exclude,
        Only = Only,
        AbsorbMeans = AbsorbMeans,
    };

    private Rounding Automatic(int multiple) => Measure.Calib is not null && AbsorbMeans && CalibratedCutter.Decides(this) ? Rounding.Measured(multiple) : Rounding.Automatic(multiple);
}
