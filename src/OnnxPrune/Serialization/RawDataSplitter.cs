using Onnx;

namespace OnnxPrune.Serialization;

/// <summary>
/// A serialized model whose large <c>raw_data</c> fields of initializers are kept apart, so that protobuf parses kilobytes
/// instead of copying the weights: Given: the file's bytes.  Result: a small message without those fields, and where each lies.
/// </summary>
/// <param name="Message">The model without the large fields.</param>
/// <param name="Initializers">The initializers' messages in the file, whole, in the graph's order.</param>
/// <param name="RawData">The fields that were split off, by the initializer's place in the graph.</param>
internal sealed record RawDataSplitter(
    ReadOnlyMemory<byte> Message, IReadOnlyList<ReadOnlyMemory<byte>> Initializers, IReadOnlyDictionary<int, ReadOnlyMemory<byte>> RawData)
{
    private const int SmallestSplit = 1024;

    /// <exception cref="BrokenModelException">The bytes end inside a field or hold a tag that protobuf does not know.</exception>
    public static RawDataSplitter Split(ReadOnlyMemory<byte> file)
    {
        var (initializers, rawData) = (new List<ReadOnlyMemory<byte>>(), new Dictionary<int, ReadOnlyMemory<byte>>());
        var message = new WireMessage();
        foreach (var field in WireField.In(file))
        {
            if (field.Holds(ModelProto.GraphFieldNumber))
            {
                message.Add(ModelProto.GraphFieldNumber, Graph(field.Content, initializers, rawData));
            }
            else
            {
                message.Add(field);
            }
        }

        return new RawDataSplitter(message.ToArray(), initializers, rawData);
    }

    private static WireMessage Graph(
        ReadOnlyMemory<byte> graph, List<ReadOnlyMemory<byte>> initializers, Dictionary<int, ReadOnlyMemory<byte>> rawData)
    {
        var message = new WireMessage();
        foreach (var field in WireField.In(graph))
        {
            if (field.Holds(GraphProto.InitializerFieldNumber))
            {
                message.Add(GraphProto.InitializerFieldNumber, Tensor(field.Content, initializers.Count, rawData));
                initializers.Add(field.Content);
            }
            else
            {
                message.Add(field);
            }
        }

        return message;
    }

    private static WireMessage Tensor(ReadOnlyMemory<byte> tensor, int index, Dictionary<int, ReadOnlyMemory<byte>> rawData)
    {
        var message = new WireMessage();
        foreach (var field in WireField.In(tensor))
        {
            if (!field.Holds(TensorProto.RawDataFieldNumber))
            {
                message.Add(field);
                continue;
            }

            // As protobuf has it, the last occurrence of a field wins.
            rawData.Remove(index);
            if (field.Content.Length < SmallestSplit)
            {
                message.Add(field);
            }
            else
            {
                rawData.Add(index, field.Content);
            }
        }

        return message;
    }
}
