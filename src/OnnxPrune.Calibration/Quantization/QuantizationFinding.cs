using OnnxPrune.Graphs;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Calibration.Quantization;

/// <summary>The finding of a quantization after pruning.</summary>
/// <param name="Model">The network of integers; null where it stayed float.</param>
/// <param name="IntegerLayers">How many layers with weights compute with integers.</param>
/// <param name="Islands">What computes with floats between them.</param>
/// <param name="Race">The pruned floats against the same network with integers; null where there is none.</param>
/// <param name="WhyFloat">Why the network stayed float, as a clause; null where it computes with integers.</param>
internal sealed record QuantizationFinding(
    Model? Model, int IntegerLayers, IReadOnlyList<FloatIsland> Islands, LatencyReport? Race, string? WhyFloat);
