using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// A copy of a model that is just large enough for shape inference.
/// Given: the model.  Result: its nodes, functions and small or integer initializers; every other initializer is a graph input of
/// the same type and shape; no value_info; every node output of the main graph is a graph output.
/// </summary>
/// <remarks>Costs the size of the graph, not of the weights: they are neither copied nor read. The model stays as it is.</remarks>
internal static class ShapeSkeleton
{
    // Shapes that hide in tensors (Reshape targets, Resize scales, pads) are far smaller than this.
    private const int LargestKeptBytes = 1024;

    // Initializers that are no inputs are constants since this version; shape inference looks into constants only.
    private const long IrVersionOfConstants = 4;

    /// <summary>The skeleton as the bytes of an ONNX file, free of external data.</summary>
    /// <param name="inputShapes">Dimensions that replace those of the graph's inputs, by input name; −1 leaves one unknown.</param>
    /// <param name="outputs">The values to look at; null for every node output.</param>
    /// <param name="ranksOf">Values whose rank is asked for: each gets an output <see cref="RankProbe"/>, an int64 [rank].</param>
    public static byte[] Write(
        Model model,
        IReadOnlyDictionary<string, long[]>? inputShapes = null,
        IReadOnlyCollection<string>? outputs = null,
        IReadOnlyCollection<string>? ranksOf = null)
    {
        var graph = Start(model, inputShapes, isLean: true);
        foreach (var value in model.Graph.Initializers.Where(v => v.SparseSource is null))
        {
            if (value.Initializer is { HasBytes: true } tensor && !IsKept(tensor))
            {
                graph.Add(GraphProto.InputFieldNumber, Describe(value.Name, tensor.ElementType, tensor.Dims));
            }
            else
            {
                graph.Add(GraphProto.InitializerFieldNumber, ModelWriter.WriteInside(value));
            }
        }

        foreach (var node in model.Graph.Nodes)
        {
            AddNode(graph, node);
        }

        AddOutputs(graph, model.Graph, outputs, ranksOf);
        return End(model, Math.Max(model.IrVersion, IrVersionOfConstants), graph);
    }

    /// <summary>
    /// The same with all weights, as large as the model: for operators that refuse weights which are no constants. External data stay
    /// external.
    /// </summary>
    public static byte[] WriteWhole(
        Model model,
        IReadOnlyDictionary<string, long[]>? inputShapes = null,
        IReadOnlyCollection<string>? outputs = null,
        IReadOnlyCollection<string>? ranksOf = null)
    {
        var graph = Start(model, inputShapes, isLean: false);
        foreach (var value in model.Graph.Initializers.Where(v => v.SparseSource is null))
        {
            graph.Add(GraphProto.InitializerFieldNumber, ModelWriter.WriteInitializer(value));
        }

        foreach (var node in model.Graph.Nodes)
        {
            graph.Add(GraphProto.NodeFieldNumber, ModelWriter.WriteNode(node));
        }

        AddOutputs(graph, model.Graph, outputs, ranksOf);
        return End(model, model.IrVersion, graph);
    }

    /// <summary>The name of the output whose only dimension is the rank of <paramref name="value"/>.</summary>
    public static string RankProbe(string value) => "onnxprune.rank:" + value;

    /// <summary>A graph with the model's inputs and sparse initializers; a lean one without the inputs that are initializers too.</summary>
    private static WireMessage Start(Model model, IReadOnlyDictionary<string, long[]>? inputShapes, bool isLean)
    {
        var graph = new WireMessage().Add(GraphProto.NameFieldNumber, model.Graph.Name.Length > 0 ? model.Graph.Name : "skeleton");
        foreach (var input in ModelWriter.Inputs(model).Where(i => !isLean || model.Graph.Find(i.Name) is { IsInitializer: false }))
        {
            graph.Add(GraphProto.InputFieldNumber, WithShape(input, inputShapes));
        }

        foreach (var sparse in ModelWriter.Sparse(ModelWriter.GraphFields(model), model.Graph))
        {
            graph.Add(GraphProto.SparseInitializerFieldNumber, sparse);
        }

        return graph;
    }

    private static byte[] End(Model model, long irVersion, WireMessage graph) =>
        ModelWriter.WriteHeader(model, irVersion).Add(ModelProto.GraphFieldNumber, graph).ToArray();

    /// <summary>
    /// Adds the node; but a Constant that holds weights becomes an input as initializers do, and nodes of which the runtime infers
    /// nothing, although their output has the shape of their input, become an Identity.
    /// </summary>
    private static void AddNode(WireMessage graph, Node node)
    {
        if (node is { OpType: "Constant", Domain: "", Attributes: [{ Value: Tensor { HasBytes: true } tensor }], Outputs: [{ } output] }
            && !IsKept(tensor))
        {
            graph.Add(GraphProto.InputFieldNumber, Describe(output.Name, tensor.ElementType, tensor.Dims));
        }
        else if (HasInputsShape(node) && node is { Inputs: [{ } input, ..], Outputs: [{ } same, ..] })
        {
            graph.Add(GraphProto.NodeFieldNumber, ModelWriter.WriteNode(node.Name, "Identity", "", [input.Name], [same.Name], []));
        }
        else
        {
            graph.Add(GraphProto.NodeFieldNumber, ModelWriter.WriteNode(node));
        }
    }

    /// <summary>Operators that ONNX Runtime runs, but infers no shapes of; OperatorShapeTests shows that these are all.</summary>
    private static bool HasInputsShape(Node node) => (node.Domain, node.OpType) switch
    {
        ("", "GroupNormalization" or "MeanVarianceNormalization" or "LpNormalization") => true,
        ("com.microsoft", "GroupNorm") => true,
        _ => false,
    };

    // Outputs carry names only: the runtime infers their types.
    private static void AddOutputs(
        WireMessage message, Graph graph, IReadOnlyCollection<string>? outputs, IReadOnlyCollection<string>? ranksOf)
    {
        foreach (var name in outputs ?? graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>().Select(v => v.Name))
        {
            message.Add(GraphProto.OutputFieldNumber, new ValueInfoProto { Name = name });
        }

        // Shape's output is [rank], and of unknown length where the rank is unknown: so a scalar can be told from an unknown shape.
        foreach (var name in ranksOf ?? [])
        {
            message.Add(GraphProto.NodeFieldNumber, ModelWriter.WriteNode(RankProbe(name), "Shape", "", [name], [RankProbe(name)], []));
            message.Add(GraphProto.OutputFieldNumber, new ValueInfoProto { Name = RankProbe(name) });
        }
    }

    private static bool IsKept(Tensor tensor) =>
        IsShapeLike(tensor.ElementType) || checked(tensor.Count * tensor.ElementType.SizeInBytes()) <= LargestKeptBytes;

    private static bool IsShapeLike(ElementType type) => type is ElementType.Int64 or ElementType.Int32;

    private static ValueInfoProto Describe(string name, ElementType type, IEnumerable<long> dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } },
        };
    }

    private static ValueInfoProto WithShape(ValueInfoProto input, IReadOnlyDictionary<string, long[]>? inputShapes)
    {
        if (inputShapes is null || !inputShapes.TryGetValue(input.Name, out var dims) || input.Type?.TensorType is null)
        {
            return input;
        }

        var described = Describe(input.Name, (ElementType)input.Type.TensorType.ElemType, []);
        described.Type.TensorType.Shape.Dim.AddRange(dims.Select(
            d => d < 0 ? new TensorShapeProto.Types.Dimension() : new TensorShapeProto.Types.Dimension { DimValue = d }));
        return described;
    }
}
