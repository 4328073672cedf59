using System.Runtime.InteropServices;
using ModelMaker.Building;
using Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace ModelMaker.Styles;

/// <summary>A type for all real numbers of a model.</summary>
/// <param name="Type">In ONNX's numbering.</param>
/// <param name="Convert">The bytes of floats in that type.</param>
internal sealed record Precision(DataType Type, Func<float[], Google.Protobuf.ByteString> Convert)
{
    public static readonly Precision Half = new(DataType.Float16, values => Attributes.Bytes<Half>(Array.ConvertAll(values, v => (Half)v)));

    public static readonly Precision Double = new(DataType.Double, values =>
        Attributes.Bytes<double>(Array.ConvertAll(values, v => (double)v)));

    // The upper half of a float, rounded to nearest.
    public static readonly Precision BFloat16 = new(DataType.Bfloat16, values =>
        Attributes.Bytes<ushort>(Array.ConvertAll(values, v => (ushort)((BitConverter.SingleToUInt32Bits(v) + 0x8000) >> 16))));

    /// <summary>Inputs, outputs, weights and constants, all in <paramref name="precision"/>.</summary>
    public static void Rewrite(ModelProto model, Precision precision)
    {
        var graph = model.Graph;
        foreach (var tensor in graph.Initializer.Concat(graph.Node.SelectMany(n => n.Attribute).Select(a => a.T).OfType<TensorProto>()))
            precision.Store(tensor);
        foreach (var type in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo).Select(v => v.Type.TensorType))
            if (type.ElemType == (int)DataType.Float)
                type.ElemType = (int)precision.Type;
    }

    /// <summary>Stores a tensor of floats in this precision; leaves others alone.</summary>
    public void Store(TensorProto tensor)
    {
        if (tensor.DataType != (int)DataType.Float)
            return;
        tensor.RawData = Convert(MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray());
        tensor.DataType = (int)Type;
    }
}
