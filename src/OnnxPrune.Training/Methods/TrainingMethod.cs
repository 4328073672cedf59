namespace OnnxPrune.Training.Methods;

/// <summary>The parts that a run learns to remove.</summary>
internal enum TrainingMethod
{
    /// <summary>Nothing: weights alone.</summary>
    Finetune,

    /// <summary>Blocks by gates, then channels by BatchNormalization's scale (Huang and Wang 2020).</summary>
    Bpcp,

    /// <summary>The first half of BPCP.</summary>
    Blocks,

    /// <summary>Channels by BatchNormalization's scale as it is, without training for sparsity first.</summary>
    Channels,

    /// <summary>Soft Filter Pruning (He et al. 2018).</summary>
    Sfp,

    /// <summary>Network Slimming (Liu et al. 2017).</summary>
    Slimming,
}
