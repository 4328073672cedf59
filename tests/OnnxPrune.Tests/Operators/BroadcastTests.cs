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
}
