using Onnx;

namespace OnnxPrune.Serialization;

/// <summary>
/// Replaces nodes of a model. Nodes that stay, and what lies around the nodes, are the bytes that they were; initializers may be added.
/// </summary>
internal static class NodeReplacement
{
    /// <param name="change">Replaces nodes of the message, adds initializers behind those that there are, and may take functions
    /// away.</param>
    public static RawDataSplitter Apply(RawDataSplitter file, Action<ModelProto> change)
    {
        var model = ModelProto.Parser.ParseFrom(file.Message.Span);
        var sources = WireField.Contents(file.Message, ModelProto.GraphFieldNumber)
            .SelectMany(g => WireField.Contents(g, GraphProto.NodeFieldNumber));
        var known = new Dictionary<NodeProto, ReadOnlyMemory<byte>>(
            model.Graph.Node.Zip(sources).Select(p => KeyValuePair.Create(p.First, p.Second)), ReferenceEqualityComparer.Instance);
        change(model);

        var graph = new WireMessage();
        foreach (var node in model.Graph.Node)
        {
            graph.Add(
                GraphProto.NodeFieldNumber,
                known.TryGetValue(node, out var source) ? source : AttributeMessage.Complete(OnnxMessage.Node, node));
        }

        foreach (var field in WireField.Contents(file.Message, ModelProto.GraphFieldNumber)
            .SelectMany(WireField.In)
            .Where(f => !f.Holds(GraphProto.NodeFieldNumber)))
        {
            graph.Add(field);
        }

        ReadOnlyMemory<byte>[] added = [.. model.Graph.Initializer.Skip(file.Initializers.Count)
            .Select(i => (ReadOnlyMemory<byte>)Google.Protobuf.MessageExtensions.ToByteArray(i))];
        foreach (var initializer in added)
        {
            graph.Add(GraphProto.InitializerFieldNumber, initializer);
        }

        var message = new WireMessage();
        foreach (var field in WireField.In(file.Message)
            .Where(f => !f.Holds(ModelProto.GraphFieldNumber) && (model.Functions.Count > 0 || !f.Holds(ModelProto.FunctionsFieldNumber))))
        {
            message.Add(field);
        }

        return file with
        {
            Message = message.Add(ModelProto.GraphFieldNumber, graph).ToArray(),
            Initializers = [.. file.Initializers, .. added]
        };
    }
}
