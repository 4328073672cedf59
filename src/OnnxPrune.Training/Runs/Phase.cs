using OnnxPrune.Training.Methods;

namespace OnnxPrune.Training.Runs;

/// <summary>The work of a phase's steps beside learning weights.</summary>
internal enum PhaseKind
{
    Weights,
    Gates,
    Sparse,
    Soft,
    Levels,
}

/// <summary>The parts that are removed when a phase is over.</summary>
internal enum CutKind
{
    Nothing,
    Blocks,
    Channels,
}

/// <summary>A part of a run. The network's structure changes only between phases.</summary>
/// <param name="Name">For people and logs.</param>
internal sealed record Phase(string Name, PhaseKind Kind, int Epochs, CutKind Cut)
{
    /// <summary>The schedule of a method.</summary>
    public static IReadOnlyList<Phase> Of(TrainingOptions options)
    {
        var gates = new Phase("gates", PhaseKind.Gates, options.GateEpochs, CutKind.Blocks);
        var sparse = new Phase("sparse", PhaseKind.Sparse, options.SparseEpochs, CutKind.Channels);
        var weights = new Phase("finetune", PhaseKind.Weights, options.Epochs, CutKind.Nothing);
        var finetune = options.Bits is null ? weights : weights with { Kind = PhaseKind.Levels };
        return options.Method switch
        {
            TrainingMethod.Bpcp => [gates, weights with { Name = "recover", Epochs = options.RecoverEpochs }, sparse, finetune],
            TrainingMethod.Blocks => [gates, finetune],
            TrainingMethod.Channels => [new Phase("rank", PhaseKind.Weights, 0, CutKind.Channels), finetune],
            TrainingMethod.Sfp => [new Phase("soft", PhaseKind.Soft, options.SparseEpochs, CutKind.Channels), finetune],
            TrainingMethod.Slimming => [sparse, finetune],
            _ => [finetune],
        };
    }
}
