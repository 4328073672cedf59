using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// A copy of a model that is just large enough for shape inference.
/// Given: the model.  Result: its nodes, functions and small or integer initializers; every other initializer is a graph input of
/// the same type and shape; no value_info; every node output of the main graph is a graph output.
/// </summary>
/// <remarks>Costs the size of the graph, not of the weights: they are neither copied nor read. The model stays as it is.</remarks>
public static class ShapeSkeleton
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
        var source = ModelWriter.Write(model);
        var skeleton = Start(source, Math.Max(source.IrVersion, IrVersionOfConstants));
        AddInputs(skeleton.Graph, model.Graph, source.Graph, inputShapes);
        AddInitializers(skeleton.Graph, model.Graph, source.Graph);
        AddNodes(skeleton.Graph, source.Graph);
        AddOutputs(skeleton.Graph, outputs, ranksOf);
        return skeleton.ToByteArray();
    }

    /// <summary>
    /// The same with all weights, as large as the model: for operators that refuse weights which are no constants. External data stay external.
    /// </summary>
    public static byte[] WriteWhole(
        Model model,
        IReadOnlyDictionary<string, long[]>? inputShapes = null,
        IReadOnlyCollection<string>? outputs = null,
        IReadOnlyCollection<string>? ranksOf = null)
    {
        var source = ModelWriter.Write(model);
        var whole = Start(source, source.IrVersion);
        whole.Graph.Input.AddRange(source.Graph.Input.Select(i => WithShape(i, inputShapes)));
        whole.Graph.Initializer.AddRange(source.Graph.Initializer);
        whole.Graph.SparseInitializer.AddRange(source.Graph.SparseInitializer);
        whole.Graph.Node.AddRange(source.Graph.Node);
        AddOutputs(whole.Graph, outputs, ranksOf);
        return whole.ToByteArray();
    }

    /// <summary>The name of the output whose only dimension is the rank of <paramref name="value"/>.</summary>
    public static string RankProbe(string value) => "onnxprune.rank:" + value;

    private static ModelProto Start(ModelProto source, long irVersion)
    {
        var name = source.Graph.Name.Length > 0 ? source.Graph.Name : "skeleton";
        var made = new ModelProto { IrVersion = irVersion, Graph = new GraphProto { Name = name } };
        made.OpsetImport.AddRange(source.OpsetImport);
        made.Functions.AddRange(source.Functions);
        return made;
    }

    private static void AddInputs(GraphProto skeleton, Graph graph, GraphProto source, IReadOnlyDictionary<string, long[]>? inputShapes)
    {
        foreach (var input in source.Input)
        {
            if (graph.Find(input.Name) is { IsInitializer: false })
            {
                skeleton.Input.Add(WithShape(input, inputShapes));
            }
        }
    }

    private static void AddInitializers(GraphProto skeleton, Graph graph, GraphProto source)
    {
        skeleton.SparseInitializer.AddRange(source.SparseInitializer);
        foreach (var tensor in source.Initializer)
        {
            var initializer = graph.Find(tensor.Name)?.Initializer;
            if (initializer is { HasBytes: true } && !IsKept(initializer))
            {
                skeleton.Input.Add(Describe(tensor.Name, initializer.ElementType, initializer.Dims));
            }
            else if (initializer is not null && tensor.DataLocation == TensorProto.Types.DataLocation.External)
            {
                skeleton.Initializer.Add(TensorMessage.Write(tensor.Name, initializer));
            }
            else
            {
                skeleton.Initializer.Add(tensor);
            }
        }
    }

    /// <summary>
    /// All nodes, except that Constants that hold weights become inputs as initializers do, and that nodes of which the runtime infers nothing,
    /// although their output has the shape of their input, become an Identity.
    /// </summary>
    private static void AddNodes(GraphProto skeleton, GraphProto source)
    {
        foreach (var node in source.Node)
        {
            if (node is { OpType: "Constant", Domain: "" or "ai.onnx", Attribute: [{ T: { } tensor }], Output: [{ Length: > 0 } name] }
                && tensor.CalculateSize() > LargestKeptBytes
                && ((ElementType)tensor.DataType).SizeInBytes() > 0
                && !IsShapeLike((ElementType)tensor.DataType))
            {
                skeleton.Input.Add(Describe(name, (ElementType)tensor.DataType, tensor.Dims));
            }
            else if (HasInputsShape(node) && node is { Input.Count: > 0, Output.Count: > 0 })
            {
                skeleton.Node.Add(new NodeProto { Name = node.Name, OpType = "Identity", Input = { node.Input[0] }, Output = { node.Output[0] } });
            }
            else
            {
                skeleton.Node.Add(node);
            }
        }
    }

    /// <summary>Operators that ONNX Runtime runs, but infers no shapes of; OperatorShapeTests shows that these are all.</summary>
    private static bool HasInputsShape(NodeProto node) => (node.Domain, node.OpType) switch
    {
        ("" or "ai.onnx", "GroupNormalization" or "MeanVarianceNormalization" or "LpNormalization") => true,
        ("com.microsoft", "GroupNorm") => true,
        _ => false,
    };

    // Outputs carry names only: the runtime infers their types.
    private static void AddOutputs(GraphProto graph, IReadOnlyCollection<string>? outputs, IReadOnlyCollection<string>? ranksOf)
    {
        var names = outputs ?? graph.Node.SelectMany(n => n.Output).Where(name => name.Length > 0);
        graph.Output.AddRange(names.Select(name => new ValueInfoProto { Name = name }));
        foreach (var name in ranksOf ?? [])
        {
            AddRankProbe(graph, name);
        }
    }

    // Shape's output is [rank], and of unknown length where the rank is unknown: so a scalar can be told from an unknown shape.
    private static void AddRankProbe(GraphProto graph, string value)
    {
        var probe = new NodeProto { OpType = "Shape", Name = RankProbe(value) };
        probe.Input.Add(value);
        probe.Output.Add(RankProbe(value));
        graph.Node.Add(probe);
        graph.Output.Add(new ValueInfoProto { Name = RankProbe(value) });
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
