using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// A model that the program makes for itself, to be run and thrown away: part of another model, or a computation of its own.
/// </summary>
internal sealed class SubmodelBuilder
{
    // What all runtimes at hand load; the operator set is chosen by whoever sketches.
    private const long IrVersion = 8;

    private readonly WireMessage _header;
    private readonly WireMessage _graph = new WireMessage().Add(GraphProto.NameFieldNumber, "sketch");

    /// <summary>An empty model.</summary>
    public SubmodelBuilder(long opset)
        : this(new WireMessage()
            .AddNumber(ModelProto.IrVersionFieldNumber, IrVersion)
            .Add(ModelProto.OpsetImportFieldNumber, new OperatorSetIdProto { Version = opset }))
    {
    }

    private SubmodelBuilder(WireMessage header) => _header = header;

    /// <summary>
    /// The part of a model that computes <paramref name="outputs"/> from <paramref name="inputs"/>, values of its graph. Weights are copied
    /// when the sketch is written, and only those that the part reads.
    /// </summary>
    /// <exception cref="ArgumentException">The outputs need graph inputs that are not among the inputs.</exception>
    public static SubmodelBuilder Extract(Model model, IReadOnlyCollection<Value> inputs, IReadOnlyCollection<Value> outputs)
    {
        var sketch = new SubmodelBuilder(ModelWriter.WriteHeader(model, Math.Max(4, model.IrVersion)));
        var given = inputs.ToHashSet();
        var (nodes, sources) = Above(outputs, given);
        foreach (var value in inputs.Where(sources.Contains))
        {
            sketch.Input(value.Name, value.ElementType, Lengths(value));
        }

        if (sources.FirstOrDefault(s => !s.IsInitializer && !given.Contains(s)) is { } open)
        {
            throw new ArgumentException($"'{open.Name}' is needed, but is not among the inputs.", nameof(inputs));
        }

        foreach (var node in model.Graph.Nodes.Where(nodes.Contains))
        {
            sketch._graph.Add(GraphProto.NodeFieldNumber, ModelWriter.WriteNode(node));
        }

        foreach (var value in model.Graph.Initializers.Where(v => sources.Contains(v) && !given.Contains(v)))
        {
            sketch._graph.Add(GraphProto.InitializerFieldNumber, ModelWriter.WriteInside(value));
        }

        foreach (var output in outputs)
        {
            sketch.Output(output.Name);
        }

        return sketch;
    }

    /// <param name="rank">Null leaves the shape open.</param>
    public SubmodelBuilder Input(string name, ElementType type, int? rank) =>
        Input(name, type, rank is { } count ? new long?[count] : null);

    /// <param name="lengths">Those of its axes, null for an open one; null altogether leaves the shape open.</param>
    private SubmodelBuilder Input(string name, ElementType type, long?[]? lengths)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (lengths is not null)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.AddRange(lengths.Select(length => length is { } known
                ? new TensorShapeProto.Types.Dimension { DimValue = known }
                : new TensorShapeProto.Types.Dimension()));
        }

        _graph.Add(GraphProto.InputFieldNumber, new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } });
        return this;
    }

    /// <returns>The constant's name.</returns>
    public string Constant(string name, Tensor tensor)
    {
        _graph.Add(GraphProto.InitializerFieldNumber, TensorMessage.Write(name, tensor));
        return name;
    }

    /// <summary>Adds a node with one output and gives the output's name.</summary>
    public string Node(string opType, string output, IEnumerable<string> inputs, params IEnumerable<(string Name, object Value)> attributes)
    {
        _graph.Add(
            GraphProto.NodeFieldNumber,
            ModelWriter.WriteNode(output, opType, "", inputs, [output], attributes.Select(a => new NodeAttribute(a.Name, a.Value))));
        return output;
    }

    public SubmodelBuilder Output(string name)
    {
        _graph.Add(GraphProto.OutputFieldNumber, new ValueInfoProto { Name = name });
        return this;
    }

    public byte[] ToBytes() => new WireMessage().Add(_header.ToArray()).Add(ModelProto.GraphFieldNumber, _graph).ToArray();

    /// <summary>
    /// The lengths that a part states of an input: open ones, but for lists of numbers. ONNX Runtime takes a list of open length that is
    /// joined to the sizes of a Resize for an empty one.
    /// </summary>
    private static long?[]? Lengths(Value value) => value.Shape is { } shape
        ? [.. shape.Select(dim => shape.Rank == 1 && value.ElementType is (ElementType.Int64 or ElementType.Int32) ? dim.Size : null)]
        : null;

    /// <summary>The nodes above some values down from the given ones, and the values they start from.</summary>
    private static (HashSet<Node> Nodes, HashSet<Value> Sources) Above(IEnumerable<Value> outputs, HashSet<Value> given)
    {
        var (nodes, sources) = (new HashSet<Node>(), new HashSet<Value>());
        var open = new Stack<Value>(outputs);
        while (open.TryPop(out var value))
        {
            if (value.Producer is not { } producer || given.Contains(value))
            {
                sources.Add(value);
                continue;
            }

            if (nodes.Add(producer))
            {
                foreach (var input in producer.Inputs.Concat(producer.Captures).OfType<Value>())
                {
                    open.Push(input);
                }
            }
        }

        return (nodes, sources);
    }
}
