using System.Globalization;
using System.Text.Json.Serialization;
using OnnxPrune.Runtime.Comparing;

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

    /// <summary>The layers that take few bits; null where none were asked for.</summary>
    public ReportLowBits? LowBits { get; init; }
}

/// <param name="Weights">Bits of each weight.</param>
/// <param name="Activations">Bits of each activation; null for floats.</param>
/// <param name="Layers">The number of layers whose weights take these bits.</param>
/// <param name="Others">The layers that keep more.</param>
/// <param name="Share">The weights of those layers, as a share of all.</param>
internal sealed record ReportLowBits(int Weights, int? Activations, int Layers, IReadOnlyList<string> Others, double Share)
{
    /// <summary>The finding as a clause.</summary>
    public string Describe()
    {
        var others = Others.Count == 0 ? ""
            : $"; {string.Join(", ", Others.Take(3))}{(Others.Count > 3 ? $" and {Others.Count - 3} more" : "")} "
                + $"keep{(Others.Count == 1 ? "s" : "")} {(Activations is null ? "floats" : "8 bits")}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"weights take {Weights} bits in {Layers} of {Numbers.Count(Layers + Others.Count, "layer")}, which hold {100 * Share:0.0} % "
                + $"of them{others}");
    }
}

internal sealed record TrainedAccuracy(double Before, double After, int Samples, string Data);

/// <param name="Kept"><c>start</c> where the end was no better, and <c>end</c> otherwise.</param>
internal sealed record TrainedHeldOut(double LossAtStart, double LossAtEnd, int Samples, string Kept);
