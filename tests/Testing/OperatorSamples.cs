using OnnxPrune.Graphs;

namespace OnnxPrune.Testing;

/// <summary>
/// One small graph for every operator of the table, in which the operator named stands between Conv 'conv1' and Conv 'conv2', so that
/// the channels of 'conv1' flow through it.
/// </summary>
internal static class OperatorSamples
{
    private const int C = 8;

    public static TestGraph For(string op) => op switch
    {
        "Conv" => Between((g, x) => g.Conv(x, C, kernel: 3)),
        "ConvTranspose" => Between((g, x) => g.ConvTranspose(x, 6)),
        "Gemm" => Gemm(),
        "MatMul" =>
            Between((g, x) =>
                new Wire(g.Op(
                    "Transpose",
                    [g.Op("MatMul", [g.Op("Transpose", [x], ("perm", new long[] { 0, 2, 3, 1 })), g.Weight(C, 6)])],
                    ("perm", new long[] { 0, 3, 1, 2 })), 6)),
        "BatchNormalization" => Between((g, x) => g.BatchNorm(x)),
        "InstanceNormalization" => Between((g, x) => new Wire(g.Op(op, [x, g.Uniform(0.5, 1.5, C), g.Weight(C)]), C)),

        "GroupNormalization" =>
            Between((g, x) => new Wire(g.Op(op, [x, g.Uniform(0.5, 1.5, C), g.Weight(C)], ("num_groups", 4L)), C), opset: 21),
        "LayerNormalization" => Between((g, x) => new Wire(g.Op(op, [x, g.Uniform(0.5, 1.5, 6), g.Weight(6)], ("axis", -1L)), C)),
        "RMSNormalization" => Between((g, x) => new Wire(g.Op(op, [x, g.Uniform(0.5, 1.5, 6, 6)], ("axis", 2L)), C), opset: 23),
        "QuantizeLinear" or "DequantizeLinear" => Quantized(),
        "Expand" =>
            Between((g, x) =>
                new Wire(g.Op(
                    "Squeeze", [g.Op("ReduceMax", [g.Op(op, [x, g.Longs(3, 2, C, 1, 1)])], ("axes", new long[] { 0 })), g.Longs(0)]), C)),
        "Tile" => Between((g, x) => new Wire(g.Op(op, [x, g.Longs(1, 3, 2, 1)]), 3 * C)),
        "Einsum" => Between((g, x) => new Wire(g.Op(op, [x, g.Weight(C, 6)], ("equation", "nchw,cd->ndhw")), 6)),
        "ConstantOfShape" =>
            Between((g, x) => new Wire(g.Op("Sub", [g.Op(op, [g.Op("Shape", [x])], ("value", Tensor.Of([0.5f], 1))), x]), C)),
        "RoiAlign" =>
            Between((g, x) =>
                new Wire(g.Op(op, [
                    x, g.Constant(Tensor.Of([0f, 0, 4, 5, 1, 2, 5, 5], 2, 4)), g.Longs(1, 0)
                ], ("output_height", 3L), ("output_width", 3L)), C)),
        "GridSample" => Between((g, x) => new Wire(g.Op(op, [x, g.Uniform(-1, 1, 2, 4, 4, 2)]), C)),

        "Log" or "Sqrt" or "Reciprocal" => Between((g, x) => g.Op(op, g.Op("Exp", x))),
        "Acosh" => Between((g, x) => g.Op(op, g.Binary("Add", g.Op("Exp", x), g.Scalar(1)))),
        "Asin" or "Acos" or "Atanh" => Between((g, x) => g.Op(op, g.Binary("Mul", g.Op("Tanh", x), g.Scalar(0.9)))),
        "Mod" => Between((g, x) => new Wire(g.Op(op, [x, g.Uniform(1, 2, C, 1, 1)], ("fmod", 1L)), C)),
        "Gelu" => Between((g, x) => g.Op(op, x), opset: 20),
        "Swish" => Between((g, x) => g.Op(op, x, ("alpha", 0.8f)), opset: 24),
        "Mish" => Between((g, x) => g.Op(op, x), opset: 18),
        "Not" => Between((g, x) => Bool(g, g.Op(op, [g.Op("Greater", [x, g.Scalar(0.1)])]))),
        "IsNaN" => Between((g, x) => Bool(g, g.Op(op, [g.Op("Log", x)]))),
        "IsInf" => Between((g, x) => Bool(g, g.Op(op, [g.Op("Reciprocal", g.Relu(x))]))),
        "Cast" => Between((g, x) => g.Op(op, g.Op(op, x, ("to", (long)ElementType.Double)), ("to", (long)ElementType.Float))),
        "Clip" => Between((g, x) => new Wire(g.Op(op, [x, g.Scalar(-0.5), g.Scalar(0.5)]), C)),

        "Sum" or "Max" or "Min" or "Mean" => Between((g, x) => new Wire(g.Op(op, [x, g.Op("Sin", x), g.Weight(1, C, 1, 1)]), C)),
        "Pow" => Between((g, x) => g.Binary(op, g.Op("Exp", x), g.Uniform(0.5, 2, C, 1, 1))),
        "Div" => Between((g, x) => g.Binary(op, x, g.Uniform(0.5, 2, C, 1, 1))),
        "PRelu" => Between((g, x) => g.Binary(op, x, g.Uniform(0.1, 0.4, C, 1, 1))),
        "Where" => Between((g, x) => new Wire(g.Op(op, [g.Op("Less", [x, g.Scalar(0)]), g.Weight(C, 1, 1), x]), C)),
        "Equal" => Between((g, x) => Bool(g, g.Op(op, [g.Op("Round", x), g.Constant(Tensor.Of([0f, 1, -1, 0, 0, 1, 0, -1], C, 1, 1))]))),
        "Greater" or "GreaterOrEqual" or "Less" or "LessOrEqual" => Between((g, x) => Bool(g, g.Op(op, [x, g.Weight(C, 1, 1)]))),
        "And" or "Or" or "Xor" =>
            Between((g, x) => Bool(g, g.Op(op, [g.Op("Greater", [x, g.Weight(C, 1, 1)]), g.Op("Less", [x, g.Scalar(1)])]))),
        "Add" or "Sub" or "Mul" => Between((g, x) => g.Binary(op, x, g.Weight(1, C, 1, 1))),

        "MaxPool" or "AveragePool" or "LpPool" =>
            Between((g, x) =>
                g.Op(op, x, ("kernel_shape", new long[] { 3, 3 }), ("pads", new long[] { 1, 1, 1, 1 }), ("strides", new long[] { 2, 2 }))),
        "ReduceLogSum" => Between((g, x) => g.Op(op, g.Op("Exp", x), ("axes", new long[] { 2, 3 }))),
        "ReduceSum" => Between((g, x) => new Wire(g.Op(op, [x, g.Longs(2, 3)]), C)),
        "ReduceProd" => Between((g, x) => g.Op(op, x, ("axes", new long[] { 3 }))),
        _ when op.StartsWith("Reduce", StringComparison.Ordinal) =>
            Between((g, x) => g.Op(op, x, ("axes", new long[] { -1, 2 }), ("keepdims", 1L))),
        "ArgMax" or "ArgMin" => Between((g, x) => g.Op("Cast", g.Op(op, x, ("axis", 3L)), ("to", (long)ElementType.Float))),
        "Softmax" or "LogSoftmax" or "Hardmax" => Between((g, x) => g.Op(op, x, ("axis", 3L))),

        "MeanVarianceNormalization" => Between((g, x) => g.Op(op, x, ("axes", new long[] { 0, 2, 3 }))),
        "LpNormalization" => Between((g, x) => g.Op(op, x, ("axis", 1L), ("p", 1L))),

        "Concat" => Between((g, x) => g.Concat(1, x, g.Op("Sin", x))),
        "Split" => Between((g, x) => g.Ops(op, [x, g.Longs(5, 3)], 2, ("axis", 1L)) is var parts
            ? g.Concat(1, new Wire(parts[1], 3), new Wire(parts[0], 5))
            : default),
        "Slice" => Between((g, x) => g.Concat(1, x, new Wire(g.Op(op, [x, g.Longs(2), g.Longs(7), g.Longs(1)]), 5))),
        "Gather" => Between((g, x) => g.Concat(1, x, new Wire(g.Op(op, [x, g.Longs(7, 0, 3, 3, -2)], ("axis", 1L)), 5))),
        "Pad" => Between((g, x) => new Wire(g.Op(op, [x, g.Longs(0, 2, 1, 0, 0, 3, 0, 1), g.Scalar(0.5)]), C + 5)),
        "Flatten" => Flatten(),
        "Reshape" => Between((g, x) => new Wire(g.Op(op, [g.Op(op, [x, g.Longs(0, C, -1)]), g.Longs(0, C, 6, 6)]), C)),
        "Transpose" =>
            Between((g, x) => g.Op(op, g.Op("Sin", g.Op(op, x, ("perm", new long[] { 0, 2, 3, 1 }))), ("perm", new long[] { 0, 3, 1, 2 }))),
        "Squeeze" => Between((g, x) => new Wire(g.Op("Unsqueeze", [g.Op(op, [g.GlobalAveragePool(x), g.Longs(2, -1)]), g.Longs(2, 3)]), C)),
        "Unsqueeze" => Between((g, x) => new Wire(g.Op("Squeeze", [g.Op(op, [x, g.Longs(1)]), g.Longs(1)]), C)),
        "Resize" or "Upsample" => Between((g, x) => op == "Resize"
            ? new Wire(g.Op(op, [x, "", g.Floats(1, 1, 2, 2)]), C)
            : new Wire(g.Op(op, [x, g.Floats(1, 1, 2, 2)]), C), opset: op == "Resize" ? 13 : 9),
        "DepthToSpace" => Between((g, x) => g.Op(op, x, ("blocksize", 2L)) with { Channels = C / 4 }),
        "SpaceToDepth" => Between((g, x) => g.Op(op, x, ("blocksize", 2L)) with { Channels = C * 4 }),
        "Shape" => Between((g, x) => new Wire(g.Op("Reshape", [g.Op("Reshape", [x, g.Longs(0, C, -1)]), g.Op(op, [x])]), C)),
        "Size" => Size(),
        _ => Between((g, x) => g.Op(op, x)),
    };

    private static TestGraph Between(Func<TestGraph, Wire, Wire> make, long opset = 17)
    {
        var g = new TestGraph { Opset = opset };
        g.Close(make(g, g.Conv(g.Input(3, 6, 6), C, kernel: 3)));
        return g;
    }

    private static Wire Bool(TestGraph g, string value) => new(g.Op("Cast", [value], ("to", (long)ElementType.Float)), C);

    private static TestGraph Quantized() => Between((g, x) =>
    {
        var (scale, zero) =
            (g.Uniform(0.01, 0.05, C), g.Constant(new Tensor(ElementType.Int8, [C], new byte[] { 0, 1, 2, 3, 255, 254, 0, 5 })));
        return new Wire(g.Op("DequantizeLinear", [g.Op("QuantizeLinear", [x, scale, zero]), scale, zero]), C);
    });

    private static TestGraph Gemm()
    {
        var g = new TestGraph();
        g.Output(g.Linear(g.Relu(g.Linear(g.Flatten(g.GlobalAveragePool(g.Conv(g.Input(3, 6, 6), C))), 10)), 3));
        return g;
    }

    private static TestGraph Flatten()
    {
        var g = new TestGraph();
        g.Output(g.Linear(g.Flatten(g.Conv(g.Input(3, 4, 4), C), positions: 16), 3));
        return g;
    }

    /// <summary>Size counts all elements, so that it gives the channel count away.</summary>
    private static TestGraph Size() =>
        Between((g, x) => g.Binary("Div", x, g.Op("Cast", [g.Op("Size", [x])], ("to", (long)ElementType.Float))));
}
