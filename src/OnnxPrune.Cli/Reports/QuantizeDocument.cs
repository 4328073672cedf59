using System.Text.Json.Serialization;
using OnnxPrune.Quantization;

namespace OnnxPrune.Cli.Reports;

/// <summary>A quantization as JSON. What a refused run did not come to is null.</summary>
/// <param name="Target">What the integers are for: cpu, cpu-avx2 or tensorrt.</param>
/// <param name="Samples">How many calibration inputs there were.</param>
/// <param name="IntegerLayers">How many layers with weights compute with integers.</param>
/// <param name="FloatIslands">What computes with floats between them.</param>
internal sealed record QuantizeDocument(
    [property: JsonIgnore] RunRecord Run,
    string Target,
    QuantizeLimits Limits,
    ReportModel? Original,
    ReportModel? Quantized,
    int? Samples,
    int? IntegerLayers,
    IReadOnlyList<QuantizeIsland>? FloatIslands,
    ReportVerification? Verification) : RunRecord(Run)
{
    /// <summary>The limits that were asked for, and what was measured.</summary>
    public IReadOnlyList<ReportGate> Gates { get; init; } = [];

    public static IReadOnlyList<QuantizeIsland> Of(IEnumerable<FloatIsland> islands) =>
        [.. islands.Select(i => new QuantizeIsland(i.Node.Label, i.Node.OpType, i.Reason, i.Drift))];
}

/// <summary>Null where not given.</summary>
internal sealed record QuantizeLimits(double? MaxDrift, double? MaxDrop);

/// <summary>A node that computes with floats, and why.</summary>
/// <param name="Drift">The relative output error of integers in this layer alone, where that is why; null otherwise.</param>
internal sealed record QuantizeIsland(string Name, string Operator, string Reason, double? Drift);
