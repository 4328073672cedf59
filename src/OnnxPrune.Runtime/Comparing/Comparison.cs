using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.LayerTiming;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>Two models side by side on ONNX Runtime.</summary>
/// <param name="DriftInputs">What the drift was measured on, for people.</param>
/// <param name="Accuracy">Null without labelled data.</param>
/// <param name="AccuracyData">What the accuracy was measured on, for people.</param>
public sealed record Comparison(
    DriftReport Drift, string DriftInputs, LatencyReport Latency, AccuracyReport? Accuracy, string? AccuracyData)
{
    /// <summary>The same race with zeros for the original's subnormal weights; null where it has none.</summary>
    internal ClearedRace? Cleared { get; init; }

    /// <summary>The scores of both by a program of the user's; null without one.</summary>
    internal ScorePair? Score { get; init; }

    /// <summary>The images whose answers differ most; none where nobody asked for them.</summary>
    internal IReadOnlyList<MovedAnswer> Moved { get; init; } = [];

    /// <summary>The times of the layers within whole runs; null where nobody asked for them.</summary>
    internal LayerProfile? Layers { get; init; }
}

/// <summary>The scores of two models, the higher the better.</summary>
internal sealed record ScorePair(double Original, double Other)
{
    /// <summary>The loss in the score's own unit, without the rounding of the subtraction.</summary>
    public double Drop => Math.Round(Original - Other, 12);
}

/// <summary>A race of the other model against an original that is not slowed down by what it does not need.</summary>
/// <param name="Vanishing">How many weights of the original vanish in single precision.</param>
/// <param name="Latency">A copy with zeros for them against the other model.</param>
internal sealed record ClearedRace(long Vanishing, LatencyReport Latency);
