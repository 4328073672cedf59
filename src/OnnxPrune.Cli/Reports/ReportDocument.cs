using System.Text.Json.Serialization;
using OnnxPrune.Planning;

namespace OnnxPrune.Cli.Reports;

/// <summary>A pruning run as JSON. What a refused run did not come to is null.</summary>
internal sealed record ReportDocument(
    [property: JsonIgnore] RunRecord Run,
    string Input,
    string Output,
    ReportOptions Options,
    string? CutBy,
    ReportModel? Original,
    ReportModel? Pruned,
    ReportRemoved? Removed,
    ReportRepair? Repair,
    PruningPlan? Plan,
    IReadOnlyList<ReportLayer>? Layers,
    IReadOnlyList<ReportBlocked>? Blocked,
    IReadOnlyList<ReportUncounted>? Uncounted,
    ReportVerification? Verification,
    ReportSearch? LatencySearch,
    ReportQuantization? Quantization) : RunRecord(Run)
{
    /// <summary>The limits that were asked for, and what was measured.</summary>
    public IReadOnlyList<ReportGate> Gates { get; init; } = [];

    /// <summary>The residual blocks, in the network's order.</summary>
    public IReadOnlyList<ReportBlock>? Blocks { get; init; }

    /// <summary>The networks that a search within limits of loss measured, in order; null without one.</summary>
    public IReadOnlyList<ReportLossTrial>? LossSearch { get; init; }

    /// <summary>The damage of single cuts; null where calibration inputs did not measure it.</summary>
    public ReportSensitivity? Sensitivity { get; init; }
}

/// <summary>The outcome of `--int8`.</summary>
/// <param name="IntegerLayers">How many layers with weights compute with integers; 0 where the network stayed float.</param>
/// <param name="Speedup">How many times faster than the pruned floats; null where there was no race.</param>
/// <param name="KeptFloat">Why the network stayed float; null where it computes with integers.</param>
internal sealed record ReportQuantization(
    int IntegerLayers, double? Speedup, string? KeptFloat, IReadOnlyList<QuantizeIsland> FloatIslands);

internal sealed record ReportOptions(
    IReadOnlyList<string> Targets,
    double? MaxDrift,
    double? MaxDrop,
    string? Plan,
    string Granularity,
    string? Criterion,
    string Round,
    string For,
    string Repair,
    string? Exclude,
    string? Only,
    string? Calib,
    string? Data,
    int? Limit,
    int? CalibLimit,
    int? DataLimit,
    string? Normalize,
    int? Resize,
    string Provider,
    int Threads,
    IReadOnlyDictionary<string, long[]>? InputShapes,
    int Seed,
    bool DryRun,
    bool Verify);

internal sealed record ReportRemoved(
    int Blocks, int CoupledChannels, int DeadBlocks, int DeadChannels, int AbsorbedReaders, int JudgedOtherwise);

/// <param name="Layers">How many were fitted anew.</param>
/// <param name="Regions">In how many the layers were then fitted together.</param>
/// <param name="Samples">How many calibration inputs there were.</param>
internal sealed record ReportRepair(int Layers, int Regions, int DistillationEpochs, int Samples);

/// <param name="WeightAfter">Null, as are the costs after, when the layer is gone.</param>
internal sealed record ReportLayer(
    string Name, string Operator, IReadOnlyList<long> WeightBefore, IReadOnlyList<long>? WeightAfter, long MacsBefore, long MacsAfter,
    long ParamsBefore, long ParamsAfter)
{
    /// <summary>The channels that it makes; null where it only passes them on.</summary>
    public int? ChannelsBefore { get; init; }

    /// <summary>Null when the layer is gone, too.</summary>
    public int? ChannelsAfter { get; init; }

    /// <summary>The first layer of those that lose their channels together with this one; null where all of them stay.</summary>
    public string? Group { get; init; }

    /// <summary>The residual block that the layer lies in; null outside of blocks.</summary>
    public string? Block { get; init; }

    /// <summary>True if it computes with 8-bit integers in the result.</summary>
    public bool Int8 { get; init; }
}

/// <summary>A layer whose MACs are not known, and why.</summary>
internal sealed record ReportUncounted(string Name, string Operator, string Reason);

internal record ReportBlocked(string Reason, int Channels, IReadOnlyList<string> Layers);

internal sealed record ReportVerification(
    double Drift, double LowestEqualShare, IReadOnlyList<ReportOutput> Outputs, string DriftInputs, ReportLatency Latency,
    ReportAccuracy? Accuracy, ReportScore? Score, ReportVanishing? SubnormalWeights)
{
    /// <summary>Null where nobody asked for it.</summary>
    public ReportLayerTimes? LayerTimes { get; init; }
}

/// <summary>The scores of both models by the user's own program.</summary>
/// <param name="Drop">What is lost, in the score's own unit.</param>
internal sealed record ReportScore(double Original, double Pruned, double Drop);

internal sealed record ReportOutput(string Name, double? RelativeError, double? LargestError, double? EqualShare);

/// <summary>The outcome of a search for targets of time.</summary>
/// <param name="Trials">How many networks were raced on the way.</param>
/// <param name="Latency">The race that decided; null where the original keeps the targets.</param>
/// <param name="Tried">The networks, in order.</param>
internal sealed record ReportSearch(int Trials, ReportLatency? Latency, IReadOnlyList<ReportTrial> Tried);

/// <param name="Used">Of the time that the targets leave, the median of the races.</param>
internal sealed record ReportTrial(long Macs, long Parameters, double Speedup, double Used, double UsedLow, double UsedHigh, int Races);

/// <param name="Ratio">The median over rounds of pruned over original.</param>
/// <param name="IdealGainRealized">(1 - ratio) / (1 - the share of the MACs that is left); null where all are left.</param>
/// <param name="SpeedupLow">The lower end of the interval in which the speedup lies with 95 % of probability, as far as the rounds
/// tell.</param>
/// <param name="CoresOfOthers">Cores that other programs kept busy meanwhile; null where the system does not tell.</param>
internal sealed record ReportLatency(
    double OriginalP50Ms,
    double PrunedP50Ms,
    double OriginalP90Ms,
    double PrunedP90Ms,
    double OriginalP99Ms,
    double PrunedP99Ms,
    double Ratio,
    double Speedup,
    double SpeedupLow,
    double SpeedupHigh,
    int Rounds,
    long Batch,
    string Provider,
    double? CoresOfOthers,
    double? IdealGainRealized)
{
    /// <summary>Every round of the original, in order.</summary>
    public Series OriginalMs { get; init; } = Series.Empty;

    /// <summary>The same rounds of the other model.</summary>
    public Series PrunedMs { get; init; } = Series.Empty;
}

/// <param name="Count">How many weights of the original vanish in single precision.</param>
/// <param name="Latency">The race against a copy of the original with zeros for them.</param>
internal sealed record ReportVanishing(long Count, ReportLatency Latency);

/// <param name="OriginalInterval">Where the accuracy lies with 95 % of probability; null without labels.</param>
/// <param name="ChanceAgreement">How often two that know nothing of each other would agree, by how often they give each answer.</param>
internal sealed record ReportAccuracy(
    double? OriginalTop1, double? PrunedTop1, IReadOnlyList<double>? OriginalInterval, IReadOnlyList<double>? PrunedInterval,
    double Agreement, double ChanceAgreement, int Samples, string Data)
{
    /// <summary>The share of samples whose label is among the five largest scores; null of fewer than 20 classes.</summary>
    public double? OriginalTop5 { get; init; }

    public double? PrunedTop5 { get; init; }

    /// <summary>By label, for those that occur; empty without labels.</summary>
    public IReadOnlyList<ReportClass> Classes { get; init; } = [];

    /// <summary>The images whose answers differ most, those farthest first; empty where the samples are none.</summary>
    public IReadOnlyList<ReportMoved> Moved { get; init; } = [];
}

internal sealed record ReportClass(int Label, int Samples, double OriginalTop1, double PrunedTop1);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    WriteIndented = true)]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(InspectDocument))]
[JsonSerializable(typeof(VerifyDocument))]
[JsonSerializable(typeof(QuantizeDocument))]
[JsonSerializable(typeof(TrainingDocument))]
[JsonSerializable(typeof(Sweeping.PointRecord))]
[JsonSerializable(typeof(Sweeping.SweepDocument))]
internal sealed partial class ReportJson : JsonSerializerContext;
