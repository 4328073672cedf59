using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// A <see cref="Model"/> as an ONNX message. What was not changed is the very message that was read: unknown fields, doc strings,
/// types, order. What was changed replaces just its own part.
/// </summary>
internal static class ModelWriter
{
    /// <summary>The model's message, brought up to date. The message belongs to the model: the next call changes it again, so that one thread at a time may write a model or parts of it.</summary>
    public static ModelProto Write(Model model)
    {
        var proto = (ModelProto?)model.Source ?? throw new InvalidOperationException("The model has no source message.");
        WriteMetadata(model, proto);
        var graph = proto.Graph;
        var nodes = model.Graph.Nodes.Select(WriteNode).ToArray();
        graph.Node.Clear();
        graph.Node.AddRange(nodes);
        var initializers = model.Graph.Initializers.Select(WriteInitializer).ToArray();
        graph.Initializer.Clear();
        graph.Initializer.AddRange(initializers);
        foreach (var sparse in graph.SparseInitializer.Where(s => s.Values is not null && (model.Graph.Find(s.Values.Name) is null or { IsInitializer: true })).ToArray())
        {
            graph.SparseInitializer.Remove(sparse);
        }

        foreach (var gone in graph.Input.Where(i => model.Graph.Find(i.Name) is not { IsGraphInput: true }).ToArray())
        {
            graph.Input.Remove(gone);
        }

        foreach (var gone in graph.ValueInfo.Where(i => model.Graph.Find(i.Name) is null && !model.Graph.NamesOfNothing.Contains(i.Name)).ToArray())
        {
            graph.ValueInfo.Remove(gone);
        }

        WriteOutputs(model.Graph, graph);
        foreach (var info in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
        {
            UpdateShape(info, model.Graph.Find(info.Name));
        }

        return proto;
    }

    private static void WriteMetadata(Model model, ModelProto proto)
    {
        var old = proto.MetadataProps.GroupBy(p => p.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        if (old.Count == model.Metadata.Count && old.All(p => model.Metadata.TryGetValue(p.Key, out var value) && value == p.Value))
        {
            return;
        }

        proto.MetadataProps.Clear();
        proto.MetadataProps.AddRange(model.Metadata.Select(p => new StringStringEntryProto { Key = p.Key, Value = p.Value }));
    }

    private static NodeProto WriteNode(Node node)
    {
        var proto = (NodeProto?)node.Source ?? new NodeProto { Name = node.Name, OpType = node.OpType, Domain = node.Domain };
        Replace(proto.Input, node.Inputs);
        Replace(proto.Output, node.Outputs);
        var attributes = node.Attributes.Select(WriteAttribute).ToArray();
        if (!attributes.SequenceEqual(proto.Attribute, ReferenceEqualityComparer.Instance))
        {
            proto.Attribute.Clear();
            proto.Attribute.AddRange(attributes);
        }

        return proto;
    }

    private static void Replace(Google.Protobuf.Collections.RepeatedField<string> names, IReadOnlyList<Value?> values)
    {
        if (!names.SequenceEqual(values.Select(v => v?.Name ?? "")))
        {
            names.Clear();
            names.AddRange(values.Select(v => v?.Name ?? ""));
        }
    }

    internal static AttributeProto WriteAttribute(NodeAttribute attribute)
    {
        if (attribute.Source is AttributeProto source)
        {
            return source;
        }

        var proto = new AttributeProto { Name = attribute.Name };
        switch (attribute.Value)
        {
            case long i:
                (proto.Type, proto.I) = (AttributeProto.Types.AttributeType.Int, i);
                break;
            case float f:
                (proto.Type, proto.F) = (AttributeProto.Types.AttributeType.Float, f);
                break;
            case string s:
                (proto.Type, proto.S) = (AttributeProto.Types.AttributeType.String, ByteString.CopyFromUtf8(s));
                break;
            case long[] ints:
                proto.Type = AttributeProto.Types.AttributeType.Ints;
                proto.Ints.AddRange(ints);
                break;
            case float[] floats:
                proto.Type = AttributeProto.Types.AttributeType.Floats;
                proto.Floats.AddRange(floats);
                break;
            case string[] strings:
                proto.Type = AttributeProto.Types.AttributeType.Strings;
                proto.Strings.AddRange(strings.Select(ByteString.CopyFromUtf8));
                break;
            case Tensor tensor:
                (proto.Type, proto.T) = (AttributeProto.Types.AttributeType.Tensor, TensorMessage.Write("", tensor));
                break;
            default:
                throw new InvalidOperationException($"Attribute '{attribute.Name}' has a value that ONNX cannot store.");
        }

        return proto;
    }

    private static TensorProto WriteInitializer(Value value)
    {
        if (value.InitializerSource is TensorProto source)
        {
            source.Name = value.Name;
            return source;
        }

        var made = TensorMessage.Write(value.Name, value.Initializer!);
        value.InitializerSource = made;
        return made;
    }

    private static void WriteOutputs(Graph graph, GraphProto proto)
    {
        // Outputs that were added (to look into the graph) follow those of the file.
        var known = proto.Output.ToDictionary(o => o.Name);
        var outputs = graph.Outputs.Select(o => known.GetValueOrDefault(o.Name) ?? new ValueInfoProto { Name = o.Name }).ToArray();
        if (!outputs.SequenceEqual(proto.Output, ReferenceEqualityComparer.Instance))
        {
            proto.Output.Clear();
            proto.Output.AddRange(outputs);
        }
    }

    /// <summary>Where the file states a size that a rewrite has changed, states the new one; adds nothing.</summary>
    private static void UpdateShape(ValueInfoProto info, Value? value)
    {
        if (value is not { Shape: { } shape } || (!value.IsResized && !value.IsInitializer) || info.Type?.TensorType?.Shape is not { } stated || stated.Dim.Count != shape.Rank)
        {
            return;
        }

        for (var axis = 0; axis < shape.Rank; axis++)
        {
            if (shape[axis].Size is { } size && stated.Dim[axis].ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue)
            {
                stated.Dim[axis].DimValue = size;
            }
        }
    }
}
