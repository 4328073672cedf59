using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Serialization;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>A pruned network in memory, and the rule that it was made by.</summary>
/// <param name="Outcome">The plan, and both networks with their costs.</param>
/// <param name="Rule">As a phrase: "the target macs=50%".</param>
/// <param name="WhyNothing">Where nothing was cut: the reason, as a clause.</param>
public sealed record PruningResult(PruneOutcome Outcome, string Rule, string WhyNothing)
{
    /// <summary>The pruned network, with integers where these are kept.</summary>
    public Model Model => Quantization?.Model ?? Outcome.Model;

    /// <summary>True where nothing of the model can be cut, whatever is asked for.</summary>
    public bool IsFixed { get; init; }

    /// <summary>The race that confirmed the targets of time; null without them, and where the original itself keeps them.</summary>
    public LatencyReport? Race => Latency?.Race;

    /// <summary>The finding of a search for a target of time; null without one.</summary>
    internal LatencyFinding? Latency { get; init; }

    /// <summary>The finding of the step to integers; null where they were not asked for.</summary>
    internal QuantizationFinding? Quantization { get; init; }

    /// <summary>The layers with weights that compute with integers.</summary>
    public int IntegerLayers => Quantization is { Model: not null } kept ? kept.IntegerLayers : 0;

    /// <summary>Why the network stayed float where integers were asked for, as a clause; null where they are kept.</summary>
    public string? WhyFloat => Quantization?.WhyFloat;

    /// <summary>The damage of single cuts; null where calibration inputs did not measure it.</summary>
    internal CutCandidates? Sensitivity { get; init; }

    /// <summary>The networks that a search within limits of loss measured, in order; empty without one.</summary>
    internal IReadOnlyList<LossTrial> LossTrials { get; init; } = [];

    /// <summary>The request; null where a plan was applied.</summary>
    internal PruningOptions? Request { get; init; }

    /// <summary>Writes the model, with its external data, as a whole or not at all.</summary>
    /// <exception cref="IOException">The path cannot be written to; an older file stays.</exception>
    public Task SaveAsync(string path, CancellationToken cancellation = default) => Task.Run(
        () =>
        {
            using var file = OnnxFile.Stage(Model, path);
            cancellation.ThrowIfCancellationRequested();
            file.Commit();
        },
        cancellation);

    /// <summary>The layers of the original with their costs before and after.</summary>
    internal IReadOnlyList<LayerChange> Layers() => LayerTable.Of(Outcome.Original).After(Outcome.Pruned);
}
