using System.Text.RegularExpressions;
using OnnxPrune.Calibration.Deployment;
using OnnxPrune.Importance;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// The request to a <see cref="PruningSession"/>: targets, limits of loss, or a plan. Without any of them, the model's own masks decide,
/// then dead weight, then <see cref="DefaultMaxDrift"/>.
/// </summary>
public record PruningOptions
{
    /// <summary>The drift that is allowed where nothing else decides how much goes.</summary>
    public const double DefaultMaxDrift = 0.05;

    /// <summary>Limits of cost, size and measured latency, such as <c>TargetList.Parse("macs=50%")</c>.</summary>
    public TargetList Targets { get; init; } = TargetList.None;

    /// <summary>The largest relative output error; null for none.</summary>
    public double? MaxDrift { get; init; }

    /// <summary>The most points of top-1 accuracy that may be lost; null for none. Wants labelled data.</summary>
    public double? MaxDrop { get; init; }

    /// <summary>The path of a plan's JSON file that is applied exactly; null for none.</summary>
    public string? Plan { get; init; }

    /// <summary>The path that the model is going to be saved to; targets of size count its name. Nothing is written by pruning.</summary>
    public string Output { get; init; } = "pruned.onnx";

    /// <summary>Allows whole residual blocks to go.</summary>
    public bool CutsBlocks { get; init; }

    /// <summary>Allows channels to go.</summary>
    public bool CutsChannels { get; init; } = true;

    /// <summary>
    /// The name of the criterion that ranks channels; null leaves it to calibration inputs, or to <c>scaled-norm</c> without them.
    /// </summary>
    public string? Criterion { get; init; }

    /// <summary>The multiple of channels to keep; null for that of the provider's kernels.</summary>
    public int? Round { get; init; }

    /// <summary>Layers, weights and blocks that stay.</summary>
    public Regex? Exclude { get; init; }

    /// <summary>Layers and blocks that may go; null for all.</summary>
    public Regex? Only { get; init; }

    /// <summary>The effort spent on repairing what stays.</summary>
    public RepairEffort Repair { get; init; } = RepairEffort.Auto;

    /// <summary>Lets the result compute with 8-bit integers where these are faster on this machine. Wants calibration inputs.</summary>
    public bool Int8 { get; init; }

    /// <summary>The runtime that the result is meant for. Without <see cref="Round"/>, its multiple of channels is kept.</summary>
    internal DeploymentTarget For { get; init; } = DeploymentTarget.Here;

    /// <summary>The multiple of channels that was asked for, itself or by the runtime; null to measure it.</summary>
    internal int? Multiple => Round ?? For.Multiple(Int8);

    internal bool AbsorbMeans => Repair != RepairEffort.None;

    internal bool HasLimits => MaxDrift is not null || MaxDrop is not null;

    internal bool HasTargets => Targets.Count > 0;

    /// <summary>True if calibration inputs choose the channels.</summary>
    internal bool IsDecidedByInputs => Criterion is null or "gram";

    /// <summary>The same for the pruner.</summary>
    /// <param name="multiple">The multiple of channels that this machine's kernels work on.</param>
    internal PruneRequest ToRequest(int multiple, MeasureOptions measure) => new()
    {
        Targets = Targets.Costs,
        Criterion = IsDecidedByInputs ? null : Criteria.Named(Criterion!, measure.Seed),
        Rounding = Multiple is { } all ? new Rounding(all)
            : measure.Calib is not null && AbsorbMeans && IsDecidedByInputs ? Rounding.Measured(multiple)
            : Rounding.Automatic(multiple),
        CutsBlocks = CutsBlocks,
        CutsChannels = CutsChannels,
        Exclude = Exclude,
        Only = Only,
        AbsorbMeans = AbsorbMeans,
    };
}
