using System.Text.Json.Serialization;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Planning;

namespace OnnxPrune.Cli.Reports;

/// <summary>A pruning run as JSON. Fields may be added; a change of those that are here raises <see cref="SchemaVersion"/>.</summary>
internal sealed record ReportDocument(
    string Command,
    string Input,
    string Output,
    ReportOptions Options,
    ReportVersions Versions,
    string CutBy,
    ModelFigures Original,
    ModelFigures Pruned,
    ReportRemoved Removed,
    ReportRepair? Repair,
    PruningPlan Plan,
    IReadOnlyList<ReportLayer> Layers,
    IReadOnlyList<ReportBlocked> Blocked,
    IReadOnlyList<ReportUncounted> Uncounted,
    ReportVerification? Verification,
    ReportSearch? LatencySearch)
{
    public int SchemaVersion { get; init; } = 1;
}

internal sealed record ReportOptions(
    IReadOnlyList<string> Targets,
    double? MaxDrift,
    double? MaxDrop,
    string? Plan,
    string Granularity,
    string? Criterion,
    string Round,
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

/// <param name="OnnxRuntime">Null when it was not asked for anything.</param>
internal sealed record ReportVersions(string Onnxprune, string? OnnxRuntime, string? Provider, string Cpu, string Os);

internal sealed record ReportRemoved(int Blocks, int CoupledChannels, int DeadBlocks, int DeadChannels, int AbsorbedReaders, int JudgedOtherwise);

/// <param name="Layers">How many were fitted anew.</param>
/// <param name="Regions">In how many the layers were then fitted together.</param>
/// <param name="Samples">How many calibration inputs there were.</param>
internal sealed record ReportRepair(int Layers, int Regions, int Samples);

/// <param name="WeightAfter">Null, as are the costs after, when the layer is gone.</param>
internal sealed record ReportLayer(
    string Name, string Operator, IReadOnlyList<long> WeightBefore, IReadOnlyList<long>? WeightAfter, long MacsBefore, long MacsAfter, long ParamsBefore, long ParamsAfter);

/// <summary>A layer whose MACs are not known, and why.</summary>
internal sealed record ReportUncounted(string Name, string Operator, string Reason);

internal record ReportBlocked(string Reason, int Channels, IReadOnlyList<string> Layers);

internal sealed record ReportVerification(
    double Drift, double LowestEqualShare, IReadOnlyList<ReportOutput> Outputs, string DriftInputs, ReportLatency Latency, ReportAccuracy? Accuracy, ReportVanishing? VanishingWeights);

internal sealed record ReportOutput(string Name, double? RelativeError, double? LargestError, double? EqualShare);

/// <summary>How targets of time were met.</summary>
/// <param name="Trials">How many networks were raced on the way.</param>
/// <param name="Latency">The race that decided; null where the original keeps the targets.</param>
internal sealed record ReportSearch(int Trials, ReportLatency? Latency);

/// <param name="Ratio">The median over rounds of pruned over original.</param>
/// <param name="IdealGainRealized">(1 - ratio) / (1 - the share of the MACs that is left); null where all are left.</param>
internal sealed record ReportLatency(
    double OriginalP50Ms, double PrunedP50Ms, double OriginalP90Ms, double PrunedP90Ms, double Ratio, double Speedup, int Rounds, long Batch, string Provider, double? IdealGainRealized);

/// <param name="Count">How many weights of the original vanish in single precision.</param>
/// <param name="Latency">The race against a copy of the original with zeros for them.</param>
internal sealed record ReportVanishing(long Count, ReportLatency Latency);

internal sealed record ReportAccuracy(double? OriginalTop1, double? PrunedTop1, double Agreement, int Samples, string Data);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    WriteIndented = true)]
[JsonSerializable(typeof(ReportDocument))]
[JsonSerializable(typeof(InspectDocument))]
[JsonSerializable(typeof(VerifyDocument))]
[JsonSerializable(typeof(TrainingDocument))]
internal sealed partial class ReportJson : JsonSerializerContext;
