using Onnx;

namespace OnnxPrune.Serialization;

/// <summary>The kinds of ONNX messages in which other messages hide.</summary>
internal enum OnnxMessage
{
    Model,
    TrainingInfo,
    Function,
    MainGraph,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

/// <summary>Replaces messages that lie anywhere inside another one: in attributes, subgraphs of any depth, functions.</summary>
internal static class WireRewriter
{
    /// <summary>Asks <paramref name="replace"/> about every message, from the inside out.</summary>
    /// <param name="replace">The message that takes the place of the given one; null leaves it.</param>
    /// <returns>The new message; null where nothing was replaced.</returns>
    public static WireMessage? Rewrite(
        OnnxMessage kind, ReadOnlyMemory<byte> message, Func<OnnxMessage, ReadOnlyMemory<byte>, WireMessage?> replace)
    {
        var inner = Inside(kind, message, replace);
        return replace(kind, inner?.ToArray() ?? message) ?? inner;
    }

    private static WireMessage? Inside(
        OnnxMessage kind, ReadOnlyMemory<byte> message, Func<OnnxMessage, ReadOnlyMemory<byte>, WireMessage?> replace)
    {
        if (kind == OnnxMessage.Tensor)
        {
            return null;
        }

        var rewritten = new WireMessage();
        var isChanged = false;
        foreach (var field in WireField.In(message))
        {
            if (Kind(kind, field) is { } inner && Rewrite(inner, field.Content, replace) is { } made)
            {
                rewritten.Add(field.Number, made);
                isChanged = true;
            }
            else
            {
                rewritten.Add(field);
            }
        }

        return isChanged ? rewritten : null;
    }

    /// <summary>
    /// The contents of a field, after the ONNX IR. Initializers of the main graph are left out: they are values of the
    /// <see cref="Graphs.Graph"/>.
    /// </summary>
    private static OnnxMessage? Kind(OnnxMessage parent, WireField field) =>
        field.Type != Google.Protobuf.WireFormat.WireType.LengthDelimited ? null : (parent, field.Number) switch
        {
            (OnnxMessage.Model, ModelProto.GraphFieldNumber) => OnnxMessage.MainGraph,
            (OnnxMessage.Model, ModelProto.FunctionsFieldNumber) => OnnxMessage.Function,
            (OnnxMessage.Model, ModelProto.TrainingInfoFieldNumber) => OnnxMessage.TrainingInfo,
            (OnnxMessage.TrainingInfo, TrainingInfoProto.InitializationFieldNumber or TrainingInfoProto.AlgorithmFieldNumber) =>
                OnnxMessage.Graph,
            (OnnxMessage.Function, FunctionProto.NodeFieldNumber) => OnnxMessage.Node,
            (OnnxMessage.Function, FunctionProto.AttributeProtoFieldNumber) => OnnxMessage.Attribute,
            (OnnxMessage.MainGraph or OnnxMessage.Graph, GraphProto.NodeFieldNumber) => OnnxMessage.Node,
            (OnnxMessage.MainGraph or OnnxMessage.Graph, GraphProto.SparseInitializerFieldNumber) => OnnxMessage.SparseTensor,
            (OnnxMessage.Graph, GraphProto.InitializerFieldNumber) => OnnxMessage.Tensor,
            (OnnxMessage.Node, NodeProto.AttributeFieldNumber) => OnnxMessage.Attribute,
            (OnnxMessage.Attribute, AttributeProto.GFieldNumber or AttributeProto.GraphsFieldNumber) => OnnxMessage.Graph,
            (OnnxMessage.Attribute, AttributeProto.TFieldNumber or AttributeProto.TensorsFieldNumber) => OnnxMessage.Tensor,
            (OnnxMessage.Attribute, AttributeProto.SparseTensorFieldNumber or AttributeProto.SparseTensorsFieldNumber) =>
                OnnxMessage.SparseTensor,
            (OnnxMessage.SparseTensor, SparseTensorProto.ValuesFieldNumber or SparseTensorProto.IndicesFieldNumber) => OnnxMessage.Tensor,
            _ => null,
        };
}
