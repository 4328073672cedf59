namespace OnnxPrune.Planning;

/// <summary>The cost of a network.</summary>
/// <param name="Macs">Multiply-accumulates of one inference, a dynamic batch counted as 1.</param>
/// <param name="Parameters">Numbers that training learns: running statistics of BatchNormalization do not count.</param>
/// <param name="Channels">Output channels of all layers with weights.</param>
public readonly record struct Cost(long Macs, long Parameters, long Channels)
{
    /// <summary>
    /// The time of all layers, in picoseconds, as <see cref="LayerTimes"/> has it; 0 where it was not asked. Only comparable within one
    /// model.
    /// </summary>
    public long Time { get; init; }

    /// <summary>Bytes of the stored constants, in their own types. The rest of a file hardly depends on channels.</summary>
    public long Bytes { get; init; }
}
