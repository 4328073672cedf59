using System.Runtime.InteropServices;
using ModelMaker.Building;
using Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace ModelMaker.Styles;

/// <summary>
/// Layers read values and weights that were quantized to eight bits and back: values with one scale, weights and biases with a scale
/// per output channel, weights with a zero point per channel too.
/// Given: y = Conv(x, w, b)   Result: y = Conv(DQ(Q(x)), DQ(w8), DQ(b32))
/// </summary>
internal static class QuantizeDequantize
{
    // Normalized values rarely leave ±10.
    private const float ValueScale = 0.08f;

    public static void Rewrite(ModelProto model)
    {
        var graph = model.Graph;
        var nodes = graph.Node.ToArray();
        graph.Node.Clear();
        graph.Initializer.Add(Named("x_scale", Attributes.Tensor([ValueScale])));
        graph.Initializer.Add(Named("x_zero_point", Bytes([0], DataType.Int8)));
        foreach (var node in nodes)
        {
            if (node.OpType is "Conv" or "Gemm")
            {
                node.Input[0] = Value(graph, node, node.Input[0]);
                Weights(graph, node);
            }
            else if (node.OpType is "Add")
            {
                // What residual additions read is quantized as well.
                for (var i = 0; i < 2; i++)
                    node.Input[i] = Value(graph, node, node.Input[i]);
            }

            graph.Node.Add(node);
        }
    }

    private static string Value(GraphProto graph, NodeProto node, string value)
    {
        var (quantized, restored) = ($"{node.Name}/{value}_q", $"{node.Name}/{value}_dq");
        graph.Node.Add(
            new NodeProto
            {
                Name = quantized,
                OpType =
                "QuantizeLinear",
                Input = { value, "x_scale", "x_zero_point" },
                Output = { quantized }
            });
        graph.Node.Add(
            new NodeProto
            {
                Name = restored,
                OpType =
                "DequantizeLinear",
                Input = { quantized, "x_scale", "x_zero_point" },
                Output = { restored }
            });
        return restored;
    }

    private static void Weights(GraphProto graph, NodeProto node)
    {
        var weight = graph.Initializer.First(t => t.Name == node.Input[1]);
        var values = MemoryMarshal.Cast<byte, float>(weight.RawData.Span).ToArray();
        var channels = (int)weight.Dims[0];
        var perChannel = values.Length / channels;
        var scales = Enumerable.Range(0, channels)
            .Select(c => Math.Max(1e-6f, values.AsSpan(c * perChannel, perChannel).ToArray().Max(Math.Abs) / 120)).ToArray();
        // Small zero points of either sign: symmetric weights would hide a zero point that does not follow a cut.
        var zeros = Enumerable.Range(0, channels).Select(c => c % 5 - 2).ToArray();
        var stored = values
            .Select((v, i) => (sbyte)Math.Clamp(MathF.Round(v / scales[i / perChannel]) + zeros[i / perChannel], -127, 127))
            .ToArray();
        graph.Initializer.Remove(weight);
        node.Input[1] = Restore(graph, weight.Name, Bytes(Attributes.Bytes<sbyte>(stored), DataType.Int8, weight.Dims), scales,
            Bytes(Attributes.Bytes<sbyte>(Array.ConvertAll(zeros, z => (sbyte)z)), DataType.Int8, channels));
        if (node.Input.Count < 3)
            return;

        var bias = graph.Initializer.First(t => t.Name == node.Input[2]);
        var steps = Array.ConvertAll(scales, s => s * ValueScale);
        var whole = MemoryMarshal.Cast<byte, float>(bias.RawData.Span).ToArray().Select((b, c) => (int)MathF.Round(b / steps[c])).ToArray();
        graph.Initializer.Remove(bias);
        node.Input[2] = Restore(graph, bias.Name, Bytes(Attributes.Bytes<int>(whole), DataType.Int32, channels), steps,
            Bytes(Attributes.Bytes<int>(new int[channels]), DataType.Int32, channels));
    }

    private static string Restore(GraphProto graph, string name, TensorProto stored, float[] scales, TensorProto zeros)
    {
        graph.Initializer.Add(Named($"{name}_quantized", stored));
        graph.Initializer.Add(Named($"{name}_scale", Attributes.Tensor(scales, scales.Length)));
        graph.Initializer.Add(Named($"{name}_zero_point", zeros));
        graph.Node.Add(new NodeProto
        {
            Name = $"{name}_dq",
            OpType = "DequantizeLinear",
            Input = { $"{name}_quantized", $"{name}_scale", $"{name}_zero_point" },
            Output = { name },
            Attribute = { Attributes.Int("axis", 0) },
        });
        return name;
    }

    private static TensorProto Bytes(ReadOnlySpan<sbyte> values, DataType type) => Bytes(Attributes.Bytes(values), type);

    private static TensorProto Bytes(Google.Protobuf.ByteString bytes, DataType type, params IEnumerable<long> dims) =>
        new() { Dims = { dims }, DataType = (int)type, RawData = bytes };

    private static TensorProto Named(string name, TensorProto tensor)
    {
        tensor.Name = name;
        return tensor;
    }
}
