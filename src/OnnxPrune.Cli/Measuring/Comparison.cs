using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Measuring;

/// <summary>Two models side by side on ONNX Runtime.</summary>
/// <param name="DriftInputs">What the drift was measured on, for people.</param>
/// <param name="Accuracy">Null without labelled data.</param>
/// <param name="AccuracyData">What the accuracy was measured on, for people.</param>
internal sealed record Comparison(DriftReport Drift, string DriftInputs, LatencyReport Latency, AccuracyReport? Accuracy, string? AccuracyData);
