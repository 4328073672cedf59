using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Testing;

namespace OnnxPrune.Runtime.Tests.Shapes;

/// <summary>
/// Operators whose output has the shape of their input: it is known behind every one of them, in the operator set where each is at home.
/// </summary>
public sealed class OperatorShapeTests
{
    public static TheoryData<string, long> Operators => new()
    {
        { "MeanVarianceNormalization", 9 }, { "MeanVarianceNormalization", 13 }, { "MeanVarianceNormalization", 17 },
        { "LpNormalization", 9 }, { "LpNormalization", 17 }, { "LpNormalization", 22 },
        { "LRN", 9 }, { "LRN", 17 }, { "InstanceNormalization", 9 }, { "InstanceNormalization", 17 }, { "GroupNormalization", 18 },
        { "GroupNormalization", 21 }, { "LayerNormalization", 17 },
        { "RMSNormalization", 23 }, { "BatchNormalization", 9 }, { "BatchNormalization", 17 }, { "Hardmax", 9 }, { "Hardmax", 17 },
        { "Softmax", 9 }, { "Softmax", 17 }, { "LogSoftmax", 17 },
        { "Relu", 9 }, { "LeakyRelu", 17 }, { "Elu", 17 }, { "Celu", 12 }, { "Celu", 17 }, { "Selu", 17 }, { "ThresholdedRelu", 10 },
        { "ThresholdedRelu", 17 }, { "HardSigmoid", 17 },
        { "HardSwish", 14 }, { "HardSwish", 17 }, { "HardSwish", 22 }, { "Mish", 18 }, { "Mish", 22 }, { "Gelu", 20 }, { "Swish", 24 },
        { "Shrink", 9 }, { "Shrink", 17 }, { "Softplus", 17 }, { "Softsign", 17 },
        { "Erf", 9 }, { "Erf", 17 }, { "Round", 11 }, { "Sign", 9 }, { "Sinh", 9 }, { "Acosh", 9 }, { "Not", 17 }, { "IsNaN", 13 },
        { "IsInf", 10 }, { "Clip", 6 }, { "Clip", 12 }, { "Dropout", 9 }, { "Dropout", 13 },
        { "CumSum", 14 }, { "ReverseSequence", 10 }, { "Trilu", 14 }, { "Bernoulli", 15 }, { "RandomNormalLike", 9 },
        { "RandomUniformLike", 9 }, { "EyeLike", 9 }, { "Scatter", 9 }, { "ScatterElements", 16 }, { "ScatterND", 16 },
    };

    [Theory]
    [MemberData(nameof(Operators))]
    public void Shape_behind_an_operator_that_keeps_it_is_known(string op, long opset)
    {
        // given
        var g = new TestGraph { Opset = opset };
        var x = new Wire(g.Op("Conv", [g.Input(3, 6, 6), g.Weight(8, 3, 1, 1)]), 8);
        var made = Add(g, x, op, opset);
        g.Output(new Wire(g.Op("Identity", [made]), 8));
        var model = g.Build();

        // when
        ShapeInference.Infer(model);

        // then
        Assert.Equal(
            op is "EyeLike" or "CumSum" or "Trilu" or "Scatter" or "ScatterElements" or "ScatterND" or "ReverseSequence"
                ? "[8, 6]"
                : "[N, 8, 6, 6]",
            model.Graph.Find(made)!.Shape?.ToString());
    }

    [Theory]
    [InlineData("Gelu")]
    [InlineData("FastGelu")]
    [InlineData("QuickGelu")]
    [InlineData("BiasGelu")]
    [InlineData("SkipLayerNormalization")]
    [InlineData("SimplifiedLayerNormalization")]
    [InlineData("GroupNorm")]
    [InlineData("Inverse")]
    [InlineData("FusedConv")]
    public void Shape_behind_a_contributed_operator_that_keeps_it_is_known(string op)
    {
        // given
        var g = new TestGraph();
        g.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        var x = new Wire(g.Op("Conv", [g.Input(3, 6, 6), g.Weight(8, 3, 1, 1)]), 8);
        var made = op switch
        {
            "BiasGelu" => g.Op(op, [x, g.Weight(6)]),
            "SkipLayerNormalization" => g.Op(op, [x, x, g.Weight(6), g.Weight(6)]),
            "SimplifiedLayerNormalization" => g.Op(op, [x, g.Weight(6)], ("axis", -1L)),
            "GroupNorm" => g.Op(op, [x, g.Weight(6), g.Weight(6)], ("groups", 2L), ("activation", 0L)),
            "FusedConv" => g.Op(op, [x, g.Weight(8, 8, 1, 1)], ("activation", "Relu")),
            _ => g.Op(op, [x]),
        };
        g.Proto.Graph.Node[^1].Domain = op == "SimplifiedLayerNormalization" ? "" : "com.microsoft";
        g.Output(new Wire(g.Op("Identity", [made]), 8));
        var model = g.Build();

        // when
        ShapeInference.Infer(model);

        // then
        Assert.Equal("[N, 8, 6, 6]", model.Graph.Find(made)!.Shape?.ToString());
    }

    private static string Add(TestGraph g, string x, string op, long opset)
    {
        string Matrix() => g.Op("Reshape", [g.Op("ReduceMean", [x], ("axes", new long[] { 0, 3 }), ("keepdims", 0L)), g.Longs(8, 6)]);
        string Positive() => g.Op("Exp", [x]);
        return op switch
        {
            "LRN" => g.Op(op, [x], ("size", 3L)),
            "InstanceNormalization" => g.Op(op, [x, g.Weight(8), g.Weight(8)]),
            "GroupNormalization" => g.Op(op, [x, g.Weight(opset < 21 ? 4 : 8), g.Weight(opset < 21 ? 4 : 8)], ("num_groups", 4L)),
            "LayerNormalization" or "RMSNormalization" => g.Op(op, [x, g.Weight(6)], ("axis", -1L)),
            "BatchNormalization" => g.BatchNorm(new Wire(x, 8)),
            "Not" => g.Op(op, [g.Op("Less", [x, g.Scalar(0)])]),
            "Acosh" => g.Op(op, [Positive()]),
            "Clip" when opset >= 11 => g.Op(op, [x, g.Scalar(0), g.Scalar(6)]),
            "Clip" => g.Op(op, [x], ("min", 0f), ("max", 6f)),
            "CumSum" => g.Op(op, [Matrix(), g.Constant(Tensor.Of([1L], 1))]),
            "ReverseSequence" => g.Op(op, [Matrix(), g.Longs(1, 2, 3, 4, 5, 6)]),
            "Trilu" or "EyeLike" => g.Op(op, [Matrix()]),
            "Scatter" or "ScatterElements" => g.Op(op, [Matrix(), g.Constant(Tensor.Of([0L, 1], 1, 2)), g.Weight(1, 2)]),
            "ScatterND" => g.Op(op, [Matrix(), g.Constant(Tensor.Of([0L, 1], 2, 1)), g.Weight(2, 6)]),
            _ => g.Op(op, [x]),
        };
    }
}
