using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// An ONNX file as a <see cref="Model"/>. Nodes, attributes and initializers keep the bytes they were read from, so that what is not
/// changed, or not understood, is written as it was.
/// </summary>
internal static class ModelReader
{
    /// <exception cref="BrokenModelException">The file holds no graph, or one that contradicts itself.</exception>
    /// <exception cref="InvalidProtocolBufferException">The file is no protobuf.</exception>
    public static Model Read(RawDataSplitter file, ExternalData? external)
    {
        var proto = ModelProto.Parser.ParseFrom(file.Message.Span);
        if (proto.Graph is null || proto.Graph.Node.Count + proto.Graph.Output.Count == 0)
        {
            throw new BrokenModelException("the file holds no graph; it is no ONNX model");
        }

        if (NestedTensors.TakeIn(file.Message, external) is { } whole)
        {
            return Read(file with { Message = whole }, external);
        }

        var opsets = new Dictionary<string, long>();
        foreach (var opset in proto.OpsetImport)
        {
            opsets[Domain(opset.Domain)] = opset.Version;
        }

        return new Model(
            ReadGraph(proto.Graph, file, external, proto.Functions),
            opsets,
            proto.MetadataProps.GroupBy(p => p.Key).ToDictionary(g => g.Key, g => g.Last().Value))
        {
            Producer = $"{proto.ProducerName} {proto.ProducerVersion}".Trim(),
            IrVersion = proto.IrVersion,
            Folder = external?.Folder,
            ExternalData = external,
            Functions = proto.Functions.Select(f => (Domain(f.Domain), f.Name)).ToHashSet(),
            HasExternalData = proto.Graph.Initializer.Any(i => i.DataLocation == TensorProto.Types.DataLocation.External),
            Source = file.Message,
        };
    }

    private static Graph ReadGraph(GraphProto proto, RawDataSplitter file, ExternalData? external, IEnumerable<FunctionProto> functions)
    {
        var bodies = functions.GroupBy(f => (Domain(f.Domain), f.Name)).ToDictionary(g => g.Key, g => g.First());
        var graph = new Graph { Name = proto.Name };
        for (var i = 0; i < proto.Initializer.Count; i++)
        {
            var tensor = proto.Initializer[i];
            if (file.RawData.TryGetValue(i, out var raw))
            {
                tensor.RawData = UnsafeByteOperations.UnsafeWrap(raw);
            }

            var value = graph.AddInitializer(tensor.Name, TensorMessage.Read(tensor, external));
            value.InitializerSource = file.Initializers[i];
        }

        ReadSparse(graph, proto, file);

        foreach (var input in proto.Input)
        {
            var value = graph.GetOrAddValue(input.Name);
            if (value.IsGraphInput)
            {
                throw new BrokenModelException($"The graph lists the input '{input.Name}' twice.");
            }

            SetType(value, input);
            graph.AddInput(value);
        }

        var sources = WireField.Contents(file.Message, ModelProto.GraphFieldNumber)
            .SelectMany(g => WireField.Contents(g, GraphProto.NodeFieldNumber));
        foreach (var (node, source) in proto.Node.Zip(sources))
        {
            var made = graph.AddNode(
                node.Name,
                node.OpType,
                node.Input.Select(name => name.Length == 0 ? null : graph.GetOrAddValue(name)),
                node.Output,
                node.Attribute.Zip(WireField.Contents(source, NodeProto.AttributeFieldNumber), ReadAttribute),
                bodies.ContainsKey((Domain(node.Domain), node.OpType)) && FunctionInlining.IsRuntimeDomain(node.Domain)
                    ? Node.AmbiguousDomain
                    : Domain(node.Domain),
                source: source);
            AddInner(made, node, bodies);
            foreach (var name in node.Attribute.SelectMany(Subgraphs).SelectMany(FreeNames).Distinct())
            {
                made.AddCapture(graph.GetOrAddValue(name));
            }
        }

        foreach (var output in proto.Output)
        {
            var value = graph.GetOrAddValue(output.Name);
            if (value.IsGraphOutput)
            {
                throw new BrokenModelException($"The graph lists the output '{output.Name}' twice.");
            }

            SetType(value, output);
            graph.AddOutput(value);
        }

        foreach (var info in proto.ValueInfo)
        {
            if (graph.Find(info.Name) is { IsInitializer: false } value)
            {
                SetType(value, info);
            }
        }

        graph.NamesOfNothing = proto.ValueInfo.Select(i => i.Name).Where(name => graph.Find(name) is null).ToHashSet();
        CheckSources(graph, proto);
        CheckKernels(graph);
        CheckWindows(graph);
        CheckSwitches(graph);
        CheckVariadics(graph);
        return graph;
    }

    /// <summary>Sparse initializers in dense form, as the runtime makes them too.</summary>
    private static void ReadSparse(Graph graph, GraphProto proto, RawDataSplitter file)
    {
        var produced = proto.Node.SelectMany(n => n.Output).ToHashSet();
        var names = new HashSet<string>();
        var sources = WireField.Contents(file.Message, ModelProto.GraphFieldNumber)
            .SelectMany(g => WireField.Contents(g, GraphProto.SparseInitializerFieldNumber));
        foreach (var (sparse, source) in proto.SparseInitializer.Zip(sources))
        {
            var name = sparse.Values?.Name ?? "";
            if (!names.Add(name) || produced.Contains(name) || graph.Find(name) is { IsInitializer: true })
            {
                throw new BrokenModelException($"The name '{name}' is given to two values; one of them is a sparse initializer.");
            }

            if (TensorMessage.ReadSparse(sparse) is { } dense)
            {
                graph.AddInitializer(name, dense).SparseSource = source;
            }
        }
    }

    /// <summary>Every value that is read must come from somewhere.</summary>
    private static void CheckSources(Graph graph, GraphProto proto)
    {
        var sparse = proto.SparseInitializer.Select(s => s.Values?.Name ?? "").ToHashSet();
        foreach (var value in graph.Values)
        {
            if (value.Producer is null && !value.IsInitializer && !value.IsGraphInput && !sparse.Contains(value.Name))
            {
                var reader = value.Uses.Count > 0 ? value.Uses[0].Node.ToString() : "the graph's outputs";
                throw new BrokenModelException(
                    $"'{value.Name}', which {reader} names, is neither an input, an initializer nor the output of a node.");
            }
        }
    }

    /// <summary>
    /// A kernel without elements, or for no groups, ends ONNX Runtime's shape inference in a division by zero, and the process with it.
    /// </summary>
    private static void CheckKernels(Graph graph)
    {
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Conv" or "ConvTranspose", Domain: "" }))
        {
            if (node.Input(1)?.Initializer is { Count: 0 } weight)
            {
                throw new BrokenModelException(
                    $"{node}: its weight '{node.Input(1)!.Name}' [{string.Join(", ", weight.Dims)}] has no elements.");
            }

            if (node.Int("group", 1) is < 1 and var group)
            {
                throw new BrokenModelException($"{node} has {group} groups; at least one is wanted.");
            }
        }
    }

    /// <summary>Beyond this, ONNX Runtime's pools compute with sizes that overflow, and end the process.</summary>
    private static void CheckWindows(Graph graph)
    {
        foreach (var node in graph.Nodes.Where(n => n.Domain.Length == 0))
        {
            foreach (var name in (ReadOnlySpan<string>)["kernel_shape", "strides", "dilations"])
            {
                if (node.Ints(name)?.FirstOrDefault(size => size > int.MaxValue) is > 0 and var size)
                {
                    throw new BrokenModelException($"{node}: its {name} has {size}, which is more than any input.");
                }
            }
        }
    }

    /// <summary>
    /// Shape inference reads single numbers as 32 bits, kernels read them whole: beyond, they are two different models. A Constant is any
    /// number.
    /// </summary>
    private static void CheckSwitches(Graph graph)
    {
        foreach (var node in graph.Nodes.Where(n => n.Domain.Length == 0 && n.OpType != "Constant"))
        {
            if (node.Attributes.FirstOrDefault(a => a.Value is long number && number != (int)number) is { } attribute)
            {
                throw new BrokenModelException($"{node}: its {attribute.Name} is {attribute.Value}, which takes more than 32 bits.");
            }
        }
    }

    /// <summary>ONNX Runtime reads every input of these, and one that is left out ends the process.</summary>
    private static void CheckVariadics(Graph graph)
    {
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Sum" or "Mean" or "Max" or "Min" or "Concat", Domain: "" }))
        {
            for (var i = 0; i < node.Inputs.Count; i++)
            {
                node.Required(i);
            }
        }
    }

    /// <summary>The hidden contents of a node: operators and constants of subgraphs, and of the function that it calls.</summary>
    private static void AddInner(Node made, NodeProto node, Dictionary<(string, string), FunctionProto> bodies)
    {
        var operators = new HashSet<string>();
        var open = new Stack<NodeProto>([node]);
        var called = new HashSet<(string, string)>();
        while (open.TryPop(out var next))
        {
            foreach (var inner in next.Attribute.SelectMany(Subgraphs))
            {
                made.InnerParameters += inner.Initializer.Concat(inner.Node.SelectMany(n => n.Attribute)
                    .Select(a => a.T)
                    .OfType<TensorProto>())
                    .Where(t => ((ElementType)t.DataType).IsFloatingPoint()).Sum(t => Tensor.ElementCount(t.Dims));
                inner.Node.ToList().ForEach(open.Push);
                operators.UnionWith(inner.Node.Select(n => n.OpType));
            }

            if (bodies.GetValueOrDefault((Domain(next.Domain), next.OpType)) is { } body && called.Add((Domain(next.Domain), next.OpType)))
            {
                body.Node.ToList().ForEach(open.Push);
                operators.UnionWith(body.Node.Select(n => n.OpType));
                operators.Add(next.OpType);
            }
        }

        made.InnerOperators = [.. operators];
    }

    private static string Domain(string domain) => domain == "ai.onnx" ? "" : domain;

    private static void SetType(Value value, ValueInfoProto info)
    {
        if (value.IsInitializer || info.Type?.ValueCase != TypeProto.ValueOneofCase.TensorType)
        {
            return;
        }

        var tensor = info.Type.TensorType;
        value.ElementType = (ElementType)tensor.ElemType;
        value.Shape = tensor.Shape is null ? null : new Shape(tensor.Shape.Dim.Select(ReadDim));
    }

    // A negative size means "unknown" to some exporters.
    private static Dim ReadDim(TensorShapeProto.Types.Dimension dim) => dim.ValueCase switch
    {
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue when dim.DimValue >= 0 => new Dim(dim.DimValue),
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam when dim.DimParam.Length > 0 => new Dim(null, dim.DimParam),
        _ => Dim.Unknown,
    };

    private static NodeAttribute ReadAttribute(AttributeProto proto, ReadOnlyMemory<byte> source) => new(
        proto.Name,
        AttributeType(proto) switch
        {
            AttributeProto.Types.AttributeType.Int => proto.I,
            AttributeProto.Types.AttributeType.Float => proto.F,
            AttributeProto.Types.AttributeType.String => proto.S.ToStringUtf8(),
            AttributeProto.Types.AttributeType.Ints => proto.Ints.ToArray(),
            AttributeProto.Types.AttributeType.Floats => proto.Floats.ToArray(),
            AttributeProto.Types.AttributeType.Strings => proto.Strings.Select(s => s.ToStringUtf8()).ToArray(),
            AttributeProto.Types.AttributeType.SparseTensor when proto.SparseTensor is not null =>
                TensorMessage.ReadSparse(proto.SparseTensor),
            AttributeProto.Types.AttributeType.Tensor when proto.T is not null => TensorMessage.Read(proto.T, external: null),
            _ => null,
        },
        source);

    // Files of IR version 1 leave the type out: whichever field is set tells it.
    private static AttributeProto.Types.AttributeType AttributeType(AttributeProto proto) => proto switch
    {
        { Type: not AttributeProto.Types.AttributeType.Undefined } => proto.Type,
        { Ints.Count: > 0 } => AttributeProto.Types.AttributeType.Ints,
        { Floats.Count: > 0 } => AttributeProto.Types.AttributeType.Floats,
        { Strings.Count: > 0 } => AttributeProto.Types.AttributeType.Strings,
        { T: not null } => AttributeProto.Types.AttributeType.Tensor,
        { S.Length: > 0 } => AttributeProto.Types.AttributeType.String,
        { F: not 0 } => AttributeProto.Types.AttributeType.Float,
        { I: not 0 } => AttributeProto.Types.AttributeType.Int,
        _ => AttributeProto.Types.AttributeType.Undefined,
    };

    private static IEnumerable<GraphProto> Subgraphs(AttributeProto attribute) =>
        attribute.G is null ? attribute.Graphs : attribute.Graphs.Prepend(attribute.G);

    /// <summary>The names that a subgraph reads but does not define: what it captures from the graph around it.</summary>
    private static IEnumerable<string> FreeNames(GraphProto graph)
    {
        var defined = graph.Input.Select(i => i.Name)
            .Concat(graph.Initializer.Select(i => i.Name))
            .Concat(graph.Node.SelectMany(n => n.Output))
            .ToHashSet();
        return graph.Node.SelectMany(n => n.Input.Concat(n.Attribute.SelectMany(Subgraphs).SelectMany(FreeNames)))
            .Concat(graph.Output.Select(o => o.Name))
            .Where(name => name.Length > 0 && !defined.Contains(name));
    }
}
