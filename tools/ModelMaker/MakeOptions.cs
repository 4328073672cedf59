namespace ModelMaker;

/// <summary>The style in which a network is written; the network itself comes from the <see cref="Catalog"/>.</summary>
public sealed record MakeOptions
{
    /// <summary>Oldest opset that the builder writes: from here on operators broadcast as NumPy does.</summary>
    public const int OldestOpset = 7;

    /// <summary>Newest opset that the builder writes.</summary>
    public const int NewestOpset = 24;

    /// <summary>The weights follow from the seed and the initializers' names alone.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Version of the default operator set, <see cref="OldestOpset"/> to <see cref="NewestOpset"/>.</summary>
    public int Opset { get; init; } = 13;

    /// <summary>The fixed batch size, or null for the symbolic dimension 'N'.</summary>
    public int? Batch { get; init; }

    /// <summary>Height and width of the input, or null for the network's usual size.</summary>
    public int? Size { get; init; }

    /// <summary>Fold every BatchNormalization that follows a Conv into the Conv's weights and bias.</summary>
    public bool Fused { get; init; }

    /// <summary>Compute the pads of parameter-free shortcuts in the graph, as exporters of PyTorch 1.x do.</summary>
    public bool ComputedPads { get; init; }

    /// <summary>Write the shape of every intermediate value.</summary>
    public bool ValueInfo { get; init; }
}
