using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

/// <summary>Gemm, MatMul and Einsum.</summary>
public sealed class ProductTests
{
    private static Wire Features(TestGraph g, int channels = 6) =>
        g.Flatten(g.GlobalAveragePool(g.Relu(g.Conv(g.Input(3, 4, 4), channels))));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void Gemm_is_cut_with_any_transpose_flags(long transA, long transB)
    {
        var g = new TestGraph();
        var x = Features(g);
        var a = transA == 0 ? x.Name : g.Op("Transpose", [x]);
        var b = transB == 0 ? g.Weight(6, 8) : g.Weight(8, 6);
        var y = new Wire(g.Op("Gemm", [a, b, g.Weight(8)], ("transA", transA), ("transB", transB), ("alpha", 0.5f), ("beta", 2f)), 8);
        g.Output(g.Linear(g.Relu(y), 3));

        Oracle.Holds(g, "conv1", "gemm1");
    }

    [Theory]
    [InlineData(new long[] { 8 })]
    [InlineData(new long[] { 1, 8 })]
    [InlineData(new long[] { 1 })]
    [InlineData(new long[] { 1, 1 })]
    [InlineData(new long[] { })]
    public void Bias_of_Gemm_may_broadcast(long[] dims)
    {
        var g = new TestGraph();
        var bias = dims.Length == 0 ? g.Scalar(0.3) : g.Weight(dims);
        var y = new Wire(g.Op("Gemm", [Features(g), g.Weight(6, 8), bias]), 8);
        g.Output(g.Linear(g.Relu(y), 3));

        Oracle.Holds(g, "conv1", "gemm1");
    }

    [Fact]
    public void Gemm_without_bias_is_cut()
    {
        var g = new TestGraph();
        var y = new Wire(g.Op("Gemm", [Features(g), g.Weight(6, 8)]), 8);
        g.Output(g.Linear(g.Relu(y), 3));

        Oracle.Holds(g, "conv1", "gemm1");
    }

    [Fact]
    public void Gemm_with_a_computed_weight_blocks()
    {
        var g = new TestGraph();
        g.Output(new Wire(g.Op("Gemm", [Features(g), g.Op("Softmax", [g.Weight(6, 3)])]), 3));

        Oracle.Blocks(g, "conv1", "Gemm 'gemm1' has a second or third operand that is no constant");
    }

    [Fact]
    public void MatMul_of_two_axes_and_its_bias_are_cut()
    {
        var g = new TestGraph();
        var y = g.Op("Add", [g.Weight(8), g.Op("MatMul", [Features(g), g.Weight(6, 8)])]);
        g.Output(new Wire(g.Op("MatMul", [g.Op("Relu", [y]), g.Weight(8, 3)]), 3));

        Oracle.Holds(g, "conv1");
        Assert.Contains("matmul1", Pruned.Layers(g));
    }

    [Fact]
    public void MatMul_with_the_constant_on_the_left_is_cut()
    {
        var g = new TestGraph();
        var x = g.Op("Reshape", [g.Conv(g.Input(3, 4, 4), 6), g.Longs(0, 6, 16)]);
        var y = g.Op("Relu", [g.Op("MatMul", [g.Weight(8, 6), x])]);
        g.Output(new Wire(g.Op("MatMul", [g.Weight(3, 8), y]), 3));

        Oracle.Holds(g, "conv1");
        Assert.Contains("matmul1", Pruned.Layers(g));
    }

    [Fact]
    public void Two_computed_operands_lose_what_they_sum_over_together()
    {
        var g = new TestGraph();
        var input = g.Input(3, 4, 4);
        var a = g.Op("Transpose", [g.Op("Reshape", [g.Conv(input, 6), g.Longs(0, 6, 16)])], ("perm", new long[] { 0, 2, 1 }));
        var b = g.Op("Reshape", [g.Conv(input, 6), g.Longs(0, 6, 16)]);
        g.Output(new Wire(g.Op("MatMul", [a, b]), 16));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Sum_over_channels_and_an_input_blocks()
    {
        var g = new TestGraph();
        var x = g.Op("Reshape", [g.Conv(g.Input(3, 4, 4), 6), g.Longs(0, 6, 16)]);
        var other = g.Input(ElementType.Float, [-1, 5, 6]);
        g.Output(new Wire(g.Op("MatMul", [other, x]), 5));

        Oracle.Blocks(g, "conv1", "MatMul 'matmul1' sums over them together with something that has no channels");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(2)]
    public void Constant_of_three_axes_is_cut(int stacked)
    {
        var g = new TestGraph();
        var x = g.Op("Transpose", [g.Op("Reshape", [g.Conv(g.Input(3, 4, 4), 6), g.Longs(0, 6, 16)])], ("perm", new long[] { 0, 2, 1 }));
        var many = stacked == 1 ? x : g.Op("Unsqueeze", [x, g.Longs(1)]);
        g.Output(new Wire(g.Op("MatMul", [many, g.Weight(stacked, 6, 3)]), 3));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(6)]
    public void ConvTranspose_is_cut_in_any_number_of_groups(int group)
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.ConvTranspose(g.Relu(g.Conv(g.Input(3, 4, 4), 6)), 12, group: group)));

        Oracle.Holds(g, "conv1");
        Assert.True(group == 6 || Pruned.Layers(g).Contains("convtranspose1"));
    }

    [Fact]
    public void Heads_of_attention_leave_whole_where_they_are_many()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 12));
        string Heads(string made) => g.Op("Reshape", [made, g.Longs(0, 6, 2, 16)]);
        string Turned(string heads) => g.Op("Transpose", [heads], ("perm", new long[] { 0, 1, 3, 2 }));
        var (q, k, v) = (Heads(g.Conv(x, 12)), Heads(g.Conv(x, 12)), Heads(g.Conv(x, 12)));
        var places = g.Op("MatMul", [g.Weight(0.3, [1, 6, 16, 2]), q]);
        var scores = g.Op("Add", [g.Op("MatMul", [Turned(q), k]), places]);
        var mixed = g.Op("MatMul", [v, Turned(g.Op("Softmax", [scores], ("axis", -1L)))]);
        g.Close(new Wire(g.Op("Reshape", [mixed, g.Longs(0, 12, 4, 4)]), 12));

        Oracle.Holds(g, "conv1", "conv2", "conv3", "conv4");
    }

    [Theory]
    [InlineData("nchw,cd->ndhw")]
    [InlineData("nchw,cd->nd")]
    [InlineData("nchw, cd")]
    [InlineData("nchw,cdx->ndw")]
    [InlineData("nchw,c->nhcw")]
    [InlineData("nchw,ch->nw")]
    public void Einsum_with_a_constant_is_cut(string equation)
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 6, 6), 8));
        var dims = equation.Split(',')[1].Split('-')[0].Trim().Select(c => c == 'c' ? 8L : 6L).ToArray();
        var y = new Wire(g.Op("Einsum", [x, g.Weight(dims)], ("equation", equation)), 0);
        g.Output(new Wire(g.Op("ReduceSum", [g.Op("Sin", [y])], ("keepdims", 0L)), 0));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData("nchw,ndhw->ncd")]
    [InlineData("nchw,nchx->nwx")]
    [InlineData("nchw,nchw,ndhw->nd")]
    public void Einsum_of_features_is_cut(string equation)
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 6, 6), 8));
        var other = g.Conv(x, 8);
        string[] inputs = equation.Count(c => c == ',') == 1 ? [x, other] : [x, other, g.Conv(x, 4)];
        var made = g.Op("Mul", [g.Op("Einsum", inputs, ("equation", equation)), g.Scalar(0.01)]);
        g.Output(new Wire(g.Op("ReduceSum", [g.Op("Sin", [made])], ("keepdims", 0L)), 0));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Theory]
    [InlineData("n...,c->n...")]
    [InlineData("nccw,c->nw")]
    public void Einsum_with_dots_or_a_letter_twice_blocks(string equation)
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 8, 6), 8));
        g.Output(new Wire(g.Op("Einsum", [x, g.Weight(8)], ("equation", equation)), 0));

        Oracle.Blocks(g, "conv1", "has an equation or an operand that is not followed");
    }

    [Fact]
    public void Multiplications_of_Einsum_are_counted()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 6, 6), 8));
        g.Output(new Wire(g.Op("Einsum", [x, g.Weight(8, 5)], ("equation", "nchw,cd->nd")), 0));

        var network = NetworkAnalysis.Of(ModelCopy.WithShapes(g.Build()));

        Assert.Equal((8 * 3 * 36) + (8 * 5 * 36), network.Cost.Macs);
    }
}
