using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// Attributes as ONNX messages. The field that an attribute's type names is always written: ONNX's own checks ask for it, and OnnxSharp's
/// messages, which cannot tell an explicit 0 from none, leave it out.
/// </summary>
internal static class AttributeMessage
{
    public static WireMessage Write(NodeAttribute attribute)
    {
        var message = new WireMessage();
        if (attribute.Source is { } source)
        {
            return message.Add(source);
        }

        message.Add(AttributeProto.NameFieldNumber, attribute.Name);
        return attribute.Value switch
        {
            long i => Typed(AttributeProto.Types.AttributeType.Int).AddNumber(AttributeProto.IFieldNumber, i),
            float f => Typed(AttributeProto.Types.AttributeType.Float).AddFloat(AttributeProto.FFieldNumber, f),
            string s => Typed(AttributeProto.Types.AttributeType.String).Add(AttributeProto.SFieldNumber, s),
            long[] ints =>
                ints.Aggregate(Typed(AttributeProto.Types.AttributeType.Ints), (m, i) => m.AddNumber(AttributeProto.IntsFieldNumber, i)),
            float[] floats =>
                floats.Aggregate(Typed(AttributeProto.Types.AttributeType.Floats), (m, f) =>
                    m.AddFloat(AttributeProto.FloatsFieldNumber, f)),
            string[] strings =>
                strings.Aggregate(Typed(AttributeProto.Types.AttributeType.Strings), (m, s) => m.Add(AttributeProto.StringsFieldNumber, s)),
            Tensor tensor =>
                Typed(AttributeProto.Types.AttributeType.Tensor).Add(AttributeProto.TFieldNumber, TensorMessage.Write("", tensor)),
            _ => throw new InvalidOperationException($"Attribute '{attribute.Name}' has a value that ONNX cannot store."),
        };

        WireMessage Typed(AttributeProto.Types.AttributeType type) => message.AddNumber(AttributeProto.TypeFieldNumber, (long)type);
    }

    /// <summary>A message with every scalar that the types of the attributes inside it name, in subgraphs too.</summary>
    public static byte[] Complete(OnnxMessage kind, IMessage message)
    {
        var bytes = message.ToByteArray();
        return WireRewriter.Rewrite(kind, bytes, (inner, attribute) =>
            inner == OnnxMessage.Attribute ? Complete(attribute) : null)?.ToArray() ?? bytes;
    }

    private static WireMessage? Complete(ReadOnlyMemory<byte> attribute)
    {
        var fields = WireField.In(attribute).ToLookup(f => f.Number);
        if (!fields.Contains(AttributeProto.TypeFieldNumber) || fields.Contains(AttributeProto.RefAttrNameFieldNumber))
        {
            return null;
        }

        var message = new WireMessage().Add(attribute);
        return (AttributeProto.Types.AttributeType)fields[AttributeProto.TypeFieldNumber].Last().ReadNumber() switch
        {
            AttributeProto.Types.AttributeType.Int when !fields.Contains(AttributeProto.IFieldNumber) =>
                message.AddNumber(AttributeProto.IFieldNumber, 0),
            AttributeProto.Types.AttributeType.Float when !fields.Contains(AttributeProto.FFieldNumber) =>
                message.AddFloat(AttributeProto.FFieldNumber, 0),
            AttributeProto.Types.AttributeType.String when !fields.Contains(AttributeProto.SFieldNumber) =>
                message.Add(AttributeProto.SFieldNumber, ""),
            _ => null,
        };
    }
}
