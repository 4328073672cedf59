namespace OnnxPrune.Training.Steps;

/// <summary>Which mean and variance BatchNormalization takes while weights are learned.</summary>
internal enum NormStatistics
{
    /// <summary>Each batch's own, which the running ones follow.</summary>
    Batch,

    /// <summary>The network's, which stay as they are.</summary>
    Kept,

    /// <summary>Those with which the network does better before the first step; batches' own where there are none yet.</summary>
    Auto,
}
