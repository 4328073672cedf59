namespace ModelMaker.Building;

/// <summary>
/// A value of the graph under construction: its name, its dimensions after the batch, and what it holds for the sample batch.
/// </summary>
/// <param name="Name">The ONNX value name.</param>
/// <param name="Dims">[C, H, W] of a feature map, [C, T] of tokens, [C] of a flat one.</param>
/// <param name="Sample">The value for the sample batch; its height and width may be smaller than <paramref name="Dims"/>.</param>
public sealed record Feature(string Name, IReadOnlyList<int> Dims, Sample Sample)
{
    /// <summary>True if the channels are the last axis: [N, H, W, C] or, of tokens, [N, T, C].</summary>
    public bool IsChannelsLast { get; init; }

    /// <summary>C.</summary>
    public int Channels => Dims[0];

    /// <summary>H.</summary>
    public int Height => Dims[1];

    /// <summary>W.</summary>
    public int Width => Dims[2];
}
