namespace OnnxPrune.Graphs;

/// <summary>An ONNX model: its graph, and what the file says around it.</summary>
public sealed class Model
{
    internal Model(Graph graph, IReadOnlyDictionary<string, long> opsets, IDictionary<string, string> metadata) =>
        (Graph, Opsets, Metadata) = (graph, opsets, metadata);

    public Graph Graph { get; }

    /// <summary>Operator set versions by domain; ONNX's own domain is the empty string.</summary>
    public IReadOnlyDictionary<string, long> Opsets { get; }

    /// <summary>
    /// The version of ONNX's own operator set: 1 in files from before there were versions, and the newest where a file names those of other
    /// domains only, as ONNX Runtime has it.
    /// </summary>
    public long Opset => Opsets.TryGetValue("", out var version) ? version : Opsets.Count == 0 ? 1 : long.MaxValue;

    /// <summary>The model's metadata properties; changes are saved.</summary>
    public IDictionary<string, string> Metadata { get; }

    /// <summary>Operators that the model defines itself as functions of others: (domain, name).</summary>
    internal IReadOnlySet<(string Domain, string Name)> Functions { get; init; } = new HashSet<(string, string)>();

    /// <summary>The version of ONNX's file format.</summary>
    public long IrVersion { get; init; }

    /// <summary>The program that wrote the file, as far as it says.</summary>
    public string Producer { get; init; } = "";

    /// <summary>The folder that external data is read from; null for a model that came from no file.</summary>
    internal string? Folder { get; init; }

    /// <summary>True if weights lay outside of the file, so that they are written outside again.</summary>
    internal bool HasExternalData { get; init; }

    /// <summary>Contents that the serializer read from other files; copies share them.</summary>
    internal object? ExternalData { get; init; }

    /// <summary>The model as it was read, without its large weights: what is not changed is written from here.</summary>
    internal ReadOnlyMemory<byte> Source { get; init; }

    /// <summary>An independent copy, with the shapes that are known. Tensors, which never change, are shared.</summary>
    internal Model Clone() => Clone(out _);

    /// <inheritdoc cref="Clone()"/>
    /// <param name="copyOf">Finds the copies of nodes and values.</param>
    internal Model Clone(out CopyMap copyOf) => new(Graph.Clone(out copyOf), Opsets, new Dictionary<string, string>(Metadata))
    {
        Functions = Functions,
        IrVersion = IrVersion,
        Producer = Producer,
        Folder = Folder,
        HasExternalData = HasExternalData,
        ExternalData = ExternalData,
        Source = Source,
    };
}
