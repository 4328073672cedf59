using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// A model that the program makes for itself, to be run and thrown away: part of another model, or a computation of its own.
/// </summary>
public sealed class ModelSketch
{
    // What all runtimes at hand load; the operator set is chosen by whoever sketches.
    private const long IrVersion = 8;

    private readonly ModelProto _model = new() { IrVersion = IrVersion, Graph = new GraphProto { Name = "sketch" } };

    /// <summary>An empty model.</summary>
    public ModelSketch(long opset) => _model.OpsetImport.Add(new OperatorSetIdProto { Version = opset });

    private ModelSketch(ModelProto source)
    {
        _model.IrVersion = Math.Max(4, source.IrVersion);
        _model.OpsetImport.AddRange(source.OpsetImport);
        _model.Functions.AddRange(source.Functions);
    }

    /// <summary>
    /// The part of a model that computes <paramref name="outputs"/> from <paramref name="inputs"/>, values of its graph. Weights are copied
    /// when the sketch is written, and only those that the part reads.
    /// </summary>
    /// <exception cref="ArgumentException">The outputs need graph inputs that are not among the inputs.</exception>
    public static ModelSketch Excerpt(Model model, IReadOnlyCollection<Value> inputs, IReadOnlyCollection<Value> outputs)
    {
        var source = ModelWriter.Write(model);
        var sketch = new ModelSketch(source);
        var given = inputs.ToHashSet();
        var (nodes, sources) = Above(outputs, given);
        foreach (var value in inputs.Where(sources.Contains))
        {
            sketch.Input(value.Name, value.ElementType, value.Shape?.Rank ?? 0);
        }

        if (sources.FirstOrDefault(s => !s.IsInitializer && !given.Contains(s)) is { } open)
        {
            throw new ArgumentException($"'{open.Name}' is needed, but is not among the inputs.", nameof(inputs));
        }

        // The message lists nodes and initializers in the graph's order.
        sketch._model.Graph.Node.AddRange(model.Graph.Nodes.Select((n, i) => (n, i)).Where(p => nodes.Contains(p.n)).Select(p => source.Graph.Node[p.i]));
        sketch._model.Graph.Initializer.AddRange(model.Graph.Initializers.Select((v, i) => (v, i)).Where(p => sources.Contains(p.v) && !given.Contains(p.v))
            .Select(p => source.Graph.Initializer[p.i].DataLocation == TensorProto.Types.DataLocation.External
                ? TensorMessage.Write(p.v.Name, p.v.Initializer!)
                : source.Graph.Initializer[p.i]));
        foreach (var output in outputs)
        {
            sketch.Output(output.Name);
        }

        return sketch;
    }

    /// <param name="rank">0 leaves the shape open.</param>
    public ModelSketch Input(string name, ElementType type, int rank)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (rank > 0)
        {
            tensor.Shape = new TensorShapeProto();
            tensor.Shape.Dim.AddRange(Enumerable.Range(0, rank).Select(_ => new TensorShapeProto.Types.Dimension()));
        }

        _model.Graph.Input.Add(new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } });
        return this;
    }

    /// <returns>The constant's name.</returns>
    public string Constant(string name, Tensor tensor)
    {
        _model.Graph.Initializer.Add(TensorMessage.Write(name, tensor));
        return name;
    }

    /// <summary>Adds a node with one output and gives the output's name.</summary>
    public string Node(string opType, string output, IEnumerable<string> inputs, params IEnumerable<(string Name, object Value)> attributes)
    {
        var node = new NodeProto { OpType = opType, Name = output };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        node.Attribute.AddRange(attributes.Select(a => ModelWriter.WriteAttribute(new NodeAttribute(a.Name, a.Value))));
        _model.Graph.Node.Add(node);
        return output;
    }

    public ModelSketch Output(string name)
    {
        _model.Graph.Output.Add(new ValueInfoProto { Name = name });
        return this;
    }

    public byte[] ToBytes() => _model.ToByteArray();

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
