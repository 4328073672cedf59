using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

public sealed class BroadcastTests
{
    private const int C = 8;

    private static Wire Start(TestGraph g) => g.Relu(g.Conv(g.Input(3, 4, 4), C));

    [Theory]
    [InlineData(new long[] { C, 1, 1 })]
    [InlineData(new long[] { 1, C, 1, 1 })]
    [InlineData(new long[] { 1, C, 4, 4 })]
    [InlineData(new long[] { 4 })]
    [InlineData(new long[] { 1 })]
    [InlineData(new long[] { 1, 1, 4, 4 })]
    public void Constant_of_any_rank_follows_the_channels(long[] dims)
    {
        var g = new TestGraph();
        g.Close(g.Binary("Mul", Start(g), g.Weight(dims)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Constant_on_the_left_follows_the_channels()
    {
        var g = new TestGraph();
        g.Close(new Wire(g.Op("Sub", [g.Weight(C, 1, 1), Start(g)]), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Spatial_attention_over_one_channel_is_cut()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Binary("Mul", x, g.Op("Sigmoid", g.Conv(x, 1, kernel: 3))));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void The_one_channel_of_spatial_attention_stays()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Binary("Mul", x, g.Op("Sigmoid", g.Conv(x, 1, kernel: 3))));

        Oracle.Blocks(g, "conv2", "Mul 'mul1' repeats this one channel along an axis");
    }

    [Fact]
    public void Squeeze_and_excitation_couples_gate_and_features()
    {
        var g = new TestGraph();
        var x = Start(g);
        var gate = g.Conv(g.Relu(g.Conv(g.GlobalAveragePool(x), 3)), C);
        g.Close(g.Binary("Mul", x, g.Op("Sigmoid", gate)));

        Oracle.Holds(g, "conv1", "conv2", "conv3");
    }

    [Fact]
    public void Adding_a_graph_input_blocks()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Add(x, new Wire(g.Input(ElementType.Float, [-1, C, 4, 4]).Name, C)));

        Oracle.Blocks(g, "conv1", "Add 'add1' combines them with 'input2', which has no channels that could be cut");
    }

    [Fact]
    public void Adding_one_value_to_itself_is_cut()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Close(g.Add(x, x));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Features_without_positions_broadcast_over_all()
    {
        var g = new TestGraph();
        var x = Start(g);
        var scale = g.Op("Reshape", [g.Op("ReduceMean", [x], ("axes", new long[] { 2, 3 }), ("keepdims", 0L)), g.Longs(0, C, 1, 1)]);
        g.Close(g.Binary("Mul", x, scale));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void One_channel_beside_the_image_stays_and_the_rest_is_cut()
    {
        var g = new TestGraph();
        var image = g.Input(3, 4, 4);
        var alpha = g.Op("Sigmoid", g.Conv(g.Relu(g.Conv(image, C)), 1));
        g.Output(g.Add(new Wire(g.Op("Mul", [alpha, image]), 3), new Wire(g.Op("Sub", [g.Scalar(1), alpha]), 1)));

        Oracle.Holds(g, "conv1");
        Oracle.Blocks(g, "conv2", "Mul 'mul1' repeats this one channel along an axis");
    }

    [Theory]
    [InlineData("Mul", new long[] { 5, 1, 1 })]
    [InlineData("Sub", new long[] { 1, 5, 4, 4 })]
    [InlineData("Max", new long[] { 2, 1, 5, 1, 1 })]
    [InlineData("PRelu", new long[] { 1, 1, 1 })]
    public void One_channel_beside_a_longer_constant_stays(string op, long[] dims)
    {
        var g = new TestGraph();
        var one = g.Conv(g.Relu(g.Conv(g.Input(ElementType.Float, [1, 3, 4, 4], 3), C)), 1);
        g.Output(new Wire(g.Op(op, [one, g.Weight(dims)]), 1));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void One_channel_chooses_between_longer_ones()
    {
        var g = new TestGraph();
        var x = Start(g);
        var mask = g.Op("Greater", [g.Conv(x, 1), g.Scalar(0)]);
        g.Close(new Wire(g.Op("Where", [mask, g.Conv(x, 6), g.Conv(x, 6)]), 6));

        Oracle.Holds(g, "conv1", "conv3", "conv4");
    }

    [Fact]
    public void One_feature_beside_a_vector_stays()
    {
        var g = new TestGraph();
        var x = g.Input(20);
        g.Output(new Wire(g.Op("Mul", [g.Op("Sigmoid", g.Linear(g.Relu(g.Linear(x, C)), 1)), x]), 20));

        Oracle.Holds(g, "gemm1");
    }
}
