namespace OnnxPrune.Planning;

/// <summary>What a network costs.</summary>
/// <param name="Macs">Multiply-accumulates of one inference, a dynamic batch counted as 1.</param>
/// <param name="Parameters">Numbers that training learns: running statistics of BatchNormalization do not count.</param>
/// <param name="Channels">Output channels of all layers with weights.</param>
public readonly record struct Cost(long Macs, long Parameters, long Channels)
{
    /// <summary>How long the layers take as <see cref="LayerTimes"/> has it; 0 where it was not asked. Only comparable within one model.</summary>
    public long Time { get; init; }

    /// <summary>What the stored constants take, in their own types. The rest of a file hardly depends on channels.</summary>
    public long Bytes { get; init; }
}
