using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

/// <summary>The axes of outputs and inputs, held to the shapes of layers with 3 inputs and 5 outputs.</summary>
public sealed class WeightLayoutTests
{
    [Theory]
    [InlineData("Conv", new long[] { 5, 3, 2, 2 }, 12)]
    [InlineData("ConvTranspose", new long[] { 3, 5, 2, 2 }, 12)]
    [InlineData("Gemm", new long[] { 3, 5 }, 3)]
    [InlineData("MatMul", new long[] { 3, 5 }, 3)]
    public void Layers_say_which_axis_makes_outputs_and_which_reads_inputs(string op, long[] dims, long fanIn)
    {
        var (node, weight) = Layer(op, dims);

        var layout = WeightLayout.Of(node)!.Value;

        Assert.Equal((5, 3, 1L, fanIn), (layout.Outputs(weight), layout.Inputs(weight), layout.Groups, layout.FanIn(weight)));
    }

    [Fact]
    public void Gemm_follows_its_transposition()
    {
        var (node, weight) = Layer("Gemm", [5, 3], ("transB", 1L));

        Assert.Equal(5, WeightLayout.Of(node)!.Value.Outputs(weight));
        Assert.Equal(3, WeightLayout.Of(node)!.Value.Inputs(weight));
    }

    [Fact]
    public void MatMul_has_a_weight_on_either_side() =>
        Assert.Equal(new WeightLayout(0, 1), WeightLayout.Of(Layer("MatMul", [3, 5]).Node, 0));

    [Fact]
    public void Groups_of_a_Conv_are_counted() =>
        Assert.Equal(3, WeightLayout.Of(Layer("Conv", [6, 1, 2, 2], ("group", 3L)).Node)!.Value.Groups);

    [Theory]
    [InlineData("Conv", 0)]
    [InlineData("Conv", 2)]
    [InlineData("Gemm", 2)]
    [InlineData("Relu", 1)]
    [InlineData("NoSuchOperator", 1)]
    public void Other_inputs_and_other_nodes_have_none(string op, int input) => Assert.Null(WeightLayout.Of(Layer(op, [3, 5]).Node, input));

    private static (Node Node, Tensor Weight) Layer(string op, long[] dims, params (string, object)[] attributes)
    {
        var g = new TestGraph();
        var x = dims.Length == 2 ? g.Input(3) : g.Input(3, 6, 6);
        g.Output(new Wire(g.Op(op, [x, g.Weight(dims)], attributes), 5));
        var model = g.Build();
        return (model.Graph.Nodes.Single(), model.Graph.Initializers.Single().Initializer!);
    }
}
