namespace OnnxPrune.Graphs;

/// <summary>
/// One reading of a value: input <see cref="Index"/> of <see cref="Node"/>, or −1 when a subgraph of the node captures it by name.
/// </summary>
internal readonly record struct Use(Node Node, int Index)
{
    public const int Captured = -1;

    public bool IsCapture => Index == Captured;
}

/// <summary>
/// An edge of the graph with identity: a graph input, an initializer, or the output of a node. Knows who makes it and who reads it.
/// </summary>
public sealed class Value
{
    private readonly List<Use> _uses = [];

    internal Value(string name) => Name = name;

    public string Name { get; internal set; }

    /// <summary>The node whose output this is; null for graph inputs and initializers.</summary>
    public Node? Producer { get; internal set; }

    /// <summary>Every reading by a node of the same graph, in no particular order.</summary>
    internal IReadOnlyList<Use> Uses => _uses;

    /// <summary>Element type and shape as far as known; null where nothing is.</summary>
    internal Shape? Shape { get; set; }

    internal ElementType ElementType { get; set; }

    /// <summary>The initializer's content; null for anything computed or fed.</summary>
    internal Tensor? Initializer { get; set; }

    public bool IsInitializer => Initializer is not null;

    public bool IsGraphInput { get; internal set; }

    public bool IsGraphOutput { get; internal set; }

    /// <summary>True if a rewrite changed the size of an axis, so that what the file states of it is out of date.</summary>
    internal bool IsResized { get; set; }

    /// <summary>The initializer as it was read; null when the program made or changed it.</summary>
    internal ReadOnlyMemory<byte>? InitializerSource { get; set; }

    /// <summary>
    /// The sparse initializer as it was read, of which <see cref="Initializer"/> is the dense form; null when it was dense, or the program
    /// changed it.
    /// </summary>
    internal ReadOnlyMemory<byte>? SparseSource { get; set; }

    /// <summary>The same without producer and uses, for another graph.</summary>
    internal Value Copy() => new(Name)
    {
        Shape = Shape,
        ElementType = ElementType,
        Initializer = Initializer,
        InitializerSource = InitializerSource,
        SparseSource = SparseSource,
        IsGraphInput = IsGraphInput,
        IsGraphOutput = IsGraphOutput,
        IsResized = IsResized,
    };

    internal void AddUse(Use use) => _uses.Add(use);

    internal void RemoveUse(Use use) => _uses.Remove(use);

    public override string ToString() => $"%{Name}{Shape}";
}
