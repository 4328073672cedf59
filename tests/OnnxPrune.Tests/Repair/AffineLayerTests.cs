using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Repair;

public sealed class AffineLayerTests
{
    // Folding a norm into weights rounds once more.
    private const double Rounding = 1e-5;

    [Theory]
    [InlineData("norm")]
    [InlineData("bias and norm")]
    [InlineData("bias")]
    [InlineData("bare")]
    [InlineData("linear")]
    [InlineData("transposed linear")]
    [InlineData("grouped")]
    [InlineData("depthwise and norm")]
    [InlineData("matrix and bias")]
    [InlineData("lone norm")]
    public void Written_back_a_layer_computes_the_same(string kind)
    {
        var g = new TestGraph();
        var x = kind.EndsWith("linear", StringComparison.Ordinal)
            ? g.Input(5)
            : kind == "matrix and bias"
            ? g.Input(7, 5)
            : g.Input(4, 6, 6);
        g.Output(kind switch
        {
            "norm" => g.BatchNorm(g.Conv(x, 4, 3, bias: false)),
            "bias and norm" => g.BatchNorm(g.Conv(x, 4, 3)),
            "bias" => g.Conv(x, 4, 3),
            "bare" => g.Conv(x, 4, 3, bias: false),
            "linear" => g.Linear(x, 4),
            "lone norm" => g.BatchNorm(x),
            "grouped" => g.Conv(x, 6, 3, group: 2),
            "depthwise and norm" => g.BatchNorm(g.Depthwise(x)),
            "matrix and bias" => new Wire(g.Op("Add", [g.Weight(4), g.Op("MatMul", [x, g.Weight(5, 4)])]), 4),
            _ => new Wire(g.Op("Gemm", [x, g.Weight(5, 4)]), 4),
        });
        var model = ModelCopy.WithShapes(g.Build());
        var inputs = RandomInputs.For(model, new Random(1));
        var expected = Run(model, inputs);
        var constants = new ConstantValues();
        var unit = AffineLayer.Of(model.Graph.Nodes[0], new Dictionary<Node, int>(), constants)!;

        var (weights, shift) = unit.FoldedWeights(constants);
        unit.Replace(model.Graph, constants, weights, shift);

        Assert.Equal(kind.EndsWith("norm", StringComparison.Ordinal), unit.Norm is not null);
        Assert.True(MaskedEqualsPruned.RelativeError(expected, Run(model, inputs)) < Rounding);
        Assert.True((unit.FoldedWeights(constants).Weights - weights).L2Norm() < Rounding);
    }

    [Theory]
    [InlineData("matrix without bias")]
    [InlineData("two computed matrices")]
    [InlineData("shared weight")]
    [InlineData("weight given out")]
    [InlineData("scaled Gemm")]
    [InlineData("one bias for all")]
    [InlineData("quantized")]
    public void What_one_regression_cannot_repair_is_no_unit(string kind)
    {
        var g = new TestGraph();
        if (kind == "scaled Gemm")
        {
            g.Output(new Wire(g.Op("Gemm", [g.Input(5), g.Weight(5, 4)], ("alpha", 2f)), 4));
        }
        else if (kind == "one bias for all")
        {
            g.Output(new Wire(g.Op("Gemm", [g.Input(5), g.Weight(5, 4), g.Weight(1)]), 4));
        }
        else
        {
            var shared = g.Weight(4, 4, 1, 1);
            var x = g.Input(4, 6, 6);
            var integers = new Tensor(ElementType.Int8, [4, 4, 1, 1], new byte[16]);
            g.Output(kind == "matrix without bias" ? new Wire(g.Op("MatMul", [x, g.Weight(6, 4)]), 4)
                : kind == "two computed matrices" ? new Wire(g.Op("Add", [g.Op("MatMul", [x, x]), g.Weight(6)]), 4)
                : kind == "weight given out" ? GivenOut(g, g.Conv(x, 4, weight: shared), shared)
                : kind == "quantized" ? g.Conv(x, 4, weight: g.Op("DequantizeLinear", [g.Constant(integers), g.Scalar(0.1)]))
                : g.Conv(g.Conv(x, 4, weight: shared), 4, weight: shared));
        }

        Assert.Null(AffineLayer.Of(ModelCopy.WithShapes(g.Build()).Graph.Nodes.First(n =>
            n.OpType is "Conv" or "Gemm" or "MatMul"), new Dictionary<Node, int>(), new ConstantValues()));
    }

    [Fact]
    public void A_norm_of_other_channels_than_the_layer_makes_is_no_part_of_the_unit()
    {
        var g = new TestGraph();
        var conv = g.Op("Conv", [g.Input(3, 6, 6), g.Weight(4, 3, 1, 1)]);
        g.Output(new Wire(g.Op("BatchNormalization", [conv, g.Weight(4), g.Weight(4), g.Weight(5), g.Weight(4)]), 4));

        var layer = g.Build().Graph.Nodes.Single(n => n.OpType == "Conv");
        var unit = AffineLayer.Of(layer, new Dictionary<Node, int>(), new ConstantValues())!;

        Assert.Null(unit.Norm);
    }

    [Fact]
    public void A_bias_that_is_one_number_repeated_takes_any_other()
    {
        var g = new TestGraph();
        g.Output(new Wire(g.Op("Conv", [g.Input(3, 6, 6), g.Weight(4, 3, 1, 1), g.Op("ConstantOfShape", [g.Longs(4)])]), 4));
        var model = ModelCopy.WithShapes(g.Build());
        var inputs = RandomInputs.For(model, new Random(1));
        var before = Run(model, inputs).Values.Single().ToDoubles();
        var constants = new ConstantValues();
        var unit = AffineLayer.Of(model.Graph.Nodes.Single(n => n.OpType == "Conv"), new Dictionary<Node, int>(), constants)!;

        unit.Replace(model.Graph, constants, unit.FoldedWeights(constants).Weights, [1, 2, 3, 4]);

        var after = Run(model, inputs).Values.Single().ToDoubles();
        Assert.All(before.Zip(after).Select((p, i) => p.Second - p.First - 1 - (i / 36 % 4)), error => Assert.Equal(0, error, Rounding));
    }

    private static Wire GivenOut(TestGraph g, Wire wire, string constant)
    {
        g.Output(new Wire(constant, 0));
        return wire;
    }

    private static IReadOnlyDictionary<string, Tensor> Run(Model model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(OnnxFile.ToBytes(model), null, SessionSettings.Plain, "the layer");
        return session.Run(inputs);
    }
}
