using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune;

/// <summary>A pruned model, and what was done to it.</summary>
/// <param name="Original">The model before, which stays as it was.</param>
/// <param name="Pruned">The model after, analysed when it is first asked for; must not change before.</param>
/// <param name="Plan">Replays the run.</param>
public sealed record PruneOutcome(NetworkAnalysis Original, NetworkAnalysis Pruned, PruningPlan Plan)
{
    /// <summary>The pruned model.</summary>
    public Model Model => Pruned.Model;

    /// <summary>The original's cost.</summary>
    public Cost Before => Original.Cost;

    /// <summary>The pruned model's cost.</summary>
    public Cost After => Pruned.Cost;

    /// <summary>Channels that went because they provably contribute nothing.</summary>
    public int DeadChannels { get; init; }

    /// <summary>Blocks that went for the same reason.</summary>
    public int DeadBlocks { get; init; }

    /// <summary>Layers whose bias took over the mean of removed channels.</summary>
    public int AbsorbedReaders { get; init; }

    /// <summary>Groups that the chosen criterion could not judge.</summary>
    public int JudgedOtherwise { get; init; }

    /// <summary>Layers whose weights were fitted anew to calibration inputs.</summary>
    public int Repaired { get; init; }

    /// <summary>The number of inputs that they were fitted to.</summary>
    public int CalibrationSamples { get; init; }

    /// <summary>Regions whose layers were then fitted together.</summary>
    public int FittedTogether { get; init; }

    /// <summary>
    /// The rounds through the calibration inputs in which all layers were fitted together, so that the network gives the original's
    /// answers.
    /// </summary>
    public int DistilledEpochs { get; init; }

    public bool ChangedNothing => Plan.IsEmpty;
}
