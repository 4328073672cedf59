using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// A <see cref="Model"/> as an ONNX message. What was not changed is written as the bytes that were read: unknown fields, doc strings,
/// explicit zeros, order. What was changed replaces just its own part. The model stays as it is, so that several threads may write it.
/// </summary>
internal static class ModelWriter
{
    /// <param name="initializer">How to write an initializer; null for <see cref="WriteInitializer"/>.</param>
    /// <param name="node">The same of a node; null for <see cref="WriteNode(Node)"/>.</param>
    public static WireMessage Write(
        Model model, Func<Value, WireMessage>? initializer = null, Func<Node, WireMessage>? node = null)
    {
        var keepsMetadata = KeepsMetadata(model);
        var isWritten = false;
        var message = new WireMessage();
        foreach (var field in WireField.In(model.Source))
        {
            if (field.Holds(ModelProto.GraphFieldNumber))
            {
                // A message that comes in parts is one, as protobuf has it.
                if (!isWritten)
                {
                    message.Add(ModelProto.GraphFieldNumber, WriteGraph(model, initializer ?? WriteInitializer, node ?? WriteNode));
                }

                isWritten = true;
            }
            else if (keepsMetadata || !field.Holds(ModelProto.MetadataPropsFieldNumber))
            {
                message.Add(field);
            }
        }

        if (!keepsMetadata)
        {
            foreach (var (key, value) in model.Metadata)
            {
                message.Add(ModelProto.MetadataPropsFieldNumber, new StringStringEntryProto { Key = key, Value = value });
            }
        }

        return message;
    }

    /// <summary>A model without a graph: the operator sets and functions of another one.</summary>
    public static WireMessage WriteHeader(Model model, long irVersion)
    {
        var message = new WireMessage().AddNumber(ModelProto.IrVersionFieldNumber, irVersion);
        foreach (var field in WireField.In(model.Source)
            .Where(f => f.Holds(ModelProto.OpsetImportFieldNumber) || f.Holds(ModelProto.FunctionsFieldNumber)))
        {
            message.Add(field);
        }

        return message;
    }

    /// <summary>The file's statements about the graph's inputs, brought up to date.</summary>
    public static IEnumerable<ValueInfoProto> Inputs(Model model) =>
        Inputs(GraphFields(model), model.Graph).Select(i => ValueInfoProto.Parser.ParseFrom(i.ToArray()));

    /// <summary>The fields of the graph as they were read, without large weights.</summary>
    public static IEnumerable<WireField> GraphFields(Model model) =>
        WireField.Contents(model.Source, ModelProto.GraphFieldNumber).SelectMany(WireField.In);

    public static WireMessage WriteInitializer(Value value) => value.InitializerSource is { } source
        ? new WireMessage().Add(source)
        : TensorMessage.Write(value.Name, value.Initializer!);

    /// <summary>The initializer with its elements inside the message, wherever they lay.</summary>
    public static WireMessage WriteInside(Value value) => value.InitializerSource is { } source && TensorMessage.IsExternal(source)
        ? TensorMessage.TakeIn(source, value.Initializer!)
        : WriteInitializer(value);

    public static WireMessage WriteNode(Node node)
    {
        if (node.Source is not { } source)
        {
            return AddRemark(
                WriteNode(node.Name, node.OpType, node.Domain, node.Inputs.Select(Name), node.Outputs.Select(Name), node.Attributes),
                node);
        }

        var message = new WireMessage();
        if (Names(source, NodeProto.InputFieldNumber).SequenceEqual(node.Inputs.Select(Name))
            && Names(source, NodeProto.OutputFieldNumber).SequenceEqual(node.Outputs.Select(Name))
            && KeepsAttributes(node, source))
        {
            return node.Remark is null
                ? message.Add(source)
                : AddRemark(AddOthers(message, source, NodeProto.DocStringFieldNumber), node);
        }

        AddNames(message, NodeProto.InputFieldNumber, node.Inputs.Select(Name));
        AddNames(message, NodeProto.OutputFieldNumber, node.Outputs.Select(Name));
        AddOthers(
            message,
            source,
            node.Remark is null ? 0 : NodeProto.DocStringFieldNumber,
            NodeProto.InputFieldNumber,
            NodeProto.OutputFieldNumber,
            NodeProto.AttributeFieldNumber);
        return AddRemark(AddAttributes(message, node.Attributes), node);
    }

    /// <summary>The node under another name: of several that are stated, the last one counts.</summary>
    public static WireMessage WriteNode(Node node, string name) => WriteNode(node).Add(NodeProto.NameFieldNumber, name);

    public static WireMessage WriteNode(
        string name,
        string opType,
        string domain,
        IEnumerable<string> inputs,
        IEnumerable<string> outputs,
        IEnumerable<NodeAttribute> attributes)
    {
        var message = new WireMessage();
        AddNames(message, NodeProto.InputFieldNumber, inputs);
        AddNames(message, NodeProto.OutputFieldNumber, outputs);
        message.Add(NodeProto.NameFieldNumber, name).Add(NodeProto.OpTypeFieldNumber, opType).Add(NodeProto.DomainFieldNumber, domain);
        return AddAttributes(message, attributes);
    }

    /// <summary>The node's remark, behind the doc string that was read.</summary>
    private static WireMessage AddRemark(WireMessage message, Node node)
    {
        if (node.Remark is not { } remark)
        {
            return message;
        }

        var read = node.Source is { } source
            ? WireField.Contents(source, NodeProto.DocStringFieldNumber).Select(Text).LastOrDefault("")
            : "";
        return message.Add(NodeProto.DocStringFieldNumber, read.Length > 0 ? $"{read}\n{remark}" : remark);
    }

    /// <summary>The fields of a message as they were read, but for some that hold text or messages.</summary>
    private static WireMessage AddOthers(WireMessage message, ReadOnlyMemory<byte> source, params int[] but)
    {
        foreach (var field in WireField.In(source).Where(f => !but.Any(f.Holds)))
        {
            message.Add(field);
        }

        return message;
    }

    private static bool KeepsMetadata(Model model)
    {
        var stated = WireField.Contents(model.Source, ModelProto.MetadataPropsFieldNumber)
            .Select(p => StringStringEntryProto.Parser.ParseFrom(p.Span))
            .GroupBy(p => p.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        return stated.Count == model.Metadata.Count
            && stated.All(p => model.Metadata.TryGetValue(p.Key, out var value) && value == p.Value);
    }

    /// <summary>The fields of the graph in the file's order; all of one kind stand where the first of them stood.</summary>
    private static WireMessage WriteGraph(Model model, Func<Value, WireMessage> initializer, Func<Node, WireMessage> node)
    {
        var graph = model.Graph;
        var fields = GraphFields(model).ToArray();
        var lists = new Dictionary<int, IEnumerable<WireMessage>>
        {
            [GraphProto.NodeFieldNumber] = graph.Nodes.Select(node),
            [GraphProto.InitializerFieldNumber] = graph.Initializers.Where(v => v.SparseSource is null).Select(initializer),
            [GraphProto.SparseInitializerFieldNumber] = Sparse(fields, graph),
            [GraphProto.InputFieldNumber] = Inputs(fields, graph),
            [GraphProto.OutputFieldNumber] = Outputs(fields, graph),
            [GraphProto.ValueInfoFieldNumber] = Infos(fields, GraphProto.ValueInfoFieldNumber, graph, name =>
                graph.Find(name) is not null || graph.NamesOfNothing.Contains(name)),
        };
        var message = new WireMessage();
        var written = new HashSet<int>();
        foreach (var field in fields)
        {
            if (!lists.TryGetValue(field.Number, out var list) || !field.Holds(field.Number))
            {
                message.Add(field);
            }
            else if (written.Add(field.Number))
            {
                AddAll(message, field.Number, list);
            }
        }

        foreach (var (number, list) in lists.Where(l => !written.Contains(l.Key)))
        {
            AddAll(message, number, list);
        }

        return message;
    }

    /// <summary>Those that the program has not changed; the others are dense by now, or gone.</summary>
    public static IEnumerable<WireMessage> Sparse(IEnumerable<WireField> fields, Graph graph) =>
        from field in fields
        where field.Holds(GraphProto.SparseInitializerFieldNumber)
        let name = SparseTensorProto.Parser.ParseFrom(field.Content.Span).Values?.Name ?? ""
        where graph.Find(name) is { SparseSource: not null } or { IsInitializer: false }
        select new WireMessage().Add(field.Content);

    private static IEnumerable<WireMessage> Inputs(IEnumerable<WireField> fields, Graph graph) =>
        Infos(fields, GraphProto.InputFieldNumber, graph, name => graph.Find(name) is { IsGraphInput: true });

    /// <summary>Outputs that were added (to look into the graph) follow those of the file.</summary>
    private static IEnumerable<WireMessage> Outputs(IEnumerable<WireField> fields, Graph graph)
    {
        var known = fields.Where(f => f.Holds(GraphProto.OutputFieldNumber)).ToDictionary(f => NameOf(f.Content), f => f.Content);
        return graph.Outputs.Select(o =>
            known.TryGetValue(o.Name, out var info) ? WriteInfo(info, o) : new WireMessage().Add(ValueInfoProto.NameFieldNumber, o.Name));
    }

    private static IEnumerable<WireMessage> Infos(IEnumerable<WireField> fields, int number, Graph graph, Func<string, bool> isThere) =>
        from field in fields
        where field.Holds(number)
        let name = NameOf(field.Content)
        where isThere(name)
        select WriteInfo(field.Content, graph.Find(name));

    private static void AddAll(WireMessage message, int number, IEnumerable<WireMessage> contents)
    {
        foreach (var content in contents)
        {
            message.Add(number, content);
        }
    }

    private static void AddNames(WireMessage message, int number, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            message.Add(number, name);
        }
    }

    private static WireMessage AddAttributes(WireMessage message, IEnumerable<NodeAttribute> attributes)
    {
        AddAll(message, NodeProto.AttributeFieldNumber, attributes.Select(AttributeMessage.Write));
        return message;
    }

    private static bool KeepsAttributes(Node node, ReadOnlyMemory<byte> source)
    {
        var stated = WireField.Contents(source, NodeProto.AttributeFieldNumber).ToArray();
        return stated.Length == node.Attributes.Count
            && node.Attributes.Zip(stated).All(p => p.First.Source is { } own && own.Equals(p.Second));
    }

    private static IEnumerable<string> Names(ReadOnlyMemory<byte> node, int number) => WireField.Contents(node, number).Select(Text);

    private static string Name(Value? value) => value?.Name ?? "";

    private static string NameOf(ReadOnlyMemory<byte> info) =>
        WireField.Contents(info, ValueInfoProto.NameFieldNumber).Select(Text).LastOrDefault("");

    private static string Text(ReadOnlyMemory<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes.Span);

    /// <summary>States the new size where the file states one that a rewrite has changed; adds nothing.</summary>
    private static WireMessage WriteInfo(ReadOnlyMemory<byte> source, Value? value)
    {
        if (value is { Shape: { } shape } && (value.IsResized || value.IsInitializer))
        {
            var info = ValueInfoProto.Parser.ParseFrom(source.Span);
            if (Resize(info, shape))
            {
                return new WireMessage().Add(info.ToByteArray());
            }
        }

        return new WireMessage().Add(source);
    }

    /// <returns>Whether a stated size was another one.</returns>
    private static bool Resize(ValueInfoProto info, Shape shape)
    {
        if (info.Type?.TensorType?.Shape is not { } stated || stated.Dim.Count != shape.Rank)
        {
            return false;
        }

        var isChanged = false;
        for (var axis = 0; axis < shape.Rank; axis++)
        {
            if (shape[axis].Size is { } size
                && stated.Dim[axis] is { ValueCase: TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue } dim
                && dim.DimValue != size)
            {
                dim.DimValue = size;
                isChanged = true;
            }
        }

        return isChanged;
    }
}
