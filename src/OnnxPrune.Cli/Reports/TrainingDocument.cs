using System.Text.Json.Serialization;

namespace OnnxPrune.Cli.Reports;

/// <summary>A run of <c>train</c> or <c>finetune</c> as JSON. What a refused or stopped run did not come to is null.</summary>
/// <param name="Options">All that the result depends on, by the names of the options.</param>
/// <param name="Trained">The pruned or finetuned network.</param>
/// <param name="Top1">0 to 1, on ONNX Runtime.</param>
/// <param name="HeldOut">Whether finetuning helped; null where nothing was held back to tell.</param>
internal sealed record TrainingDocument(
    [property: JsonIgnore] RunRecord Run,
    string Input,
    string Output,
    IReadOnlyDictionary<string, string>? Options,
    ReportModel? Original,
    ReportModel? Trained,
    TrainedAccuracy? Top1,
    TrainedHeldOut? HeldOut,
    double? Speedup) : RunRecord(Run)
{
    /// <summary>The original against the result; null where they were not raced.</summary>
    public ReportLatency? Latency { get; init; }
}

internal sealed record TrainedAccuracy(double Before, double After, int Samples, string Data);

/// <param name="Kept"><c>start</c> where the end was no better, and <c>end</c> otherwise.</param>
internal sealed record TrainedHeldOut(double LossAtStart, double LossAtEnd, int Samples, string Kept);
