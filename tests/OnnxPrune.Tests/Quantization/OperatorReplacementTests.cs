using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Quantization;

public sealed class OperatorReplacementTests
{
    private const double Rounding = 1e-5;

    [Theory]
    [InlineData("a product of rows, and a bias", "Gemm")]
    [InlineData("a bias, and a product of rows", "Gemm")]
    [InlineData("a product of matrices, and a bias", "MatMul")]
    [InlineData("a product that others read", "MatMul")]
    [InlineData("a bias of another length", "MatMul")]
    public void A_product_and_its_bias_become_a_gemm_where_they_are_one(string kind, string expected)
    {
        var model = ModelCopy.WithShapes(Make(kind).Build());
        var inputs = RandomInputs.For(model, new Random(1));

        var draft = QuantizationDraft.Of(model, QuantizationScheme.Cpu).Model;

        Assert.Single(draft.Graph.Nodes, n => n.OpType == expected);
        Assert.DoesNotContain(draft.Graph.Nodes, n => n.OpType is "Gemm" or "MatMul" && n.OpType != expected);
        using var a = OnnxSession.Open(model, SessionSettings.Plain);
        using var b = OnnxSession.Open(draft, SessionSettings.Plain);
        Assert.InRange(MaskedEqualsPruned.RelativeError(a.Run(inputs), b.Run(inputs)), 0, Rounding);
    }

    [Fact]
    public void The_bias_of_a_last_product_is_one_of_integers()
    {
        var model = ModelCopy.WithShapes(Make("a product of rows, and a bias").Build());

        var quantized = QuantizationDraft.Of(model, QuantizationScheme.Cpu).WithAnyRanges();

        var gemm = quantized.Graph.Nodes.Single(n => n.OpType == "Gemm");
        Assert.All(gemm.Inputs, i => Assert.Equal("DequantizeLinear", i!.Producer!.OpType));
    }

    private static TestGraph Make(string kind)
    {
        var g = new TestGraph();
        var x = g.Flatten(g.GlobalAveragePool(g.Conv(g.Input(4, 6, 6), 8, kernel: 3)));
        var (weight, bias) = (g.Weight(8, 3), g.Weight(3));
        switch (kind)
        {
            case "a product of rows, and a bias":
                g.Output(new Wire(g.Op("Add", [g.Op("MatMul", [x, weight]), bias]), 3));
                break;
            case "a bias, and a product of rows":
                g.Output(new Wire(g.Op("Add", [bias, g.Op("MatMul", [x, weight])]), 3));
                break;
            case "a product of matrices, and a bias":
                var rows = g.Op("Reshape", [x, g.Longs(-1, 1, 8)]);
                g.Output(new Wire(g.Op("Add", [g.Op("MatMul", [rows, weight]), bias]), 3));
                break;
            case "a product that others read":
                var product = g.Op("MatMul", [x, weight]);
                g.Output(new Wire(g.Op("Add", [product, bias]), 3), new Wire(product, 3));
                break;
            default:
                g.Output(new Wire(g.Op("Add", [g.Op("MatMul", [x, weight]), g.Weight(1)]), 3));
                break;
        }

        return g;
    }
}
