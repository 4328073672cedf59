using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

public sealed class ReshapeTests
{
    private const int C = 8;

    [Theory]
    [InlineData(0, -1)]
    [InlineData(-1, 128)]
    public void Flattening_follows_the_channels(long batch, long rest)
    {
        var g = new TestGraph();
        var flat = new Wire(g.Op("Reshape", [g.Conv(g.Input(3, 4, 4), C), g.Longs(batch, rest)]), C * 16);
        g.Output(g.Linear(flat, 3));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Zero_copies_a_channel_count_that_shrinks()
    {
        var g = new TestGraph();
        var x = g.Op("Reshape", [g.Conv(g.Input(3, 4, 4), C), g.Longs(0, 0, -1)]);
        g.Close(new Wire(g.Op("Reshape", [x, g.Longs(0, 0, 4, 4)]), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Allowzero_with_no_zero_in_the_target_is_followed()
    {
        var g = new TestGraph();
        var x = g.Op("Reshape", [g.Conv(g.Input(3, 4, 4), C), g.Longs(-1, C, 16)], ("allowzero", 1L));
        g.Close(new Wire(g.Op("Reshape", [x, g.Longs(-1, C, 4, 4)], ("allowzero", 1L)), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Target_that_exporters_compute_for_a_dynamic_batch_is_followed()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C);
        var batch = g.Op("Unsqueeze", [g.Op("Gather", [g.Op("Shape", [x]), Scalar(g, 0)]), g.Longs(0)]);
        g.Output(g.Linear(new Wire(g.Op("Reshape", [x, g.Op("Concat", [batch, g.Longs(-1)], ("axis", 0L))]), C * 16), 3));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Channel_count_in_a_computed_target_is_followed()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C);
        var shape = g.Op("Shape", [x]);
        var batch = g.Op("Unsqueeze", [g.Op("Gather", [shape, Scalar(g, 0)]), g.Longs(0)]);
        var channels = g.Op("Unsqueeze", [g.Op("Gather", [shape, Scalar(g, 1)]), g.Longs(0)]);
        var flat = g.Op("Reshape", [x, g.Op("Concat", [batch, channels, g.Longs(-1)], ("axis", 0L))]);
        var back = g.Op("Reshape", [g.Op("Sin", [flat]), g.Op("Concat", [batch, channels, g.Longs(4, 4)], ("axis", 0L))]);
        g.Close(new Wire(back, C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Single_channel_beside_many_is_merged_with_them()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        var map = g.Op("Softmax", [g.Op("Reshape", [g.Conv(x, 1), g.Longs(0, 1, 16, 1)])], ("axis", 2L));
        var context = g.Op("MatMul", [g.Op("Unsqueeze", [g.Op("Reshape", [x, g.Longs(0, C, 16)]), g.Longs(1)]), map]);
        g.Close(new Wire(g.Op("Reshape", [context, g.Longs(0, C, 1, 1)]), C));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Channel_shuffle_ties_the_groups(int groups)
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C);
        var split = g.Op("Reshape", [x, g.Longs(0, groups, C / groups, 4, 4)]);
        var swapped = g.Op("Transpose", [split], ("perm", new long[] { 0, 2, 1, 3, 4 }));
        var shuffled = new Wire(g.Op("Reshape", [swapped, g.Longs(0, C, 4, 4)]), C);
        g.Close(g.Relu(g.Depthwise(shuffled)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Attention_heads_lose_the_same_channels()
    {
        var g = new TestGraph();
        var tokens =
            g.Op("Transpose", [g.Op("Reshape", [g.Conv(g.Input(3, 4, 4), C), g.Longs(0, C, 16)])], ("perm", new long[] { 0, 2, 1 }));
        string Heads(long[] perm)
        {
            var projected = g.Op("MatMul", [tokens, g.Weight(0.3, [C, C])]);
            return g.Op("Transpose", [g.Op("Reshape", [projected, g.Longs(0, 16, 2, C / 2)])], ("perm", perm));
        }

        var (q, k, v) = (Heads([0, 2, 1, 3]), Heads([0, 2, 3, 1]), Heads([0, 2, 1, 3]));
        var attention = g.Op("Softmax", [g.Op("MatMul", [q, k])], ("axis", -1L));
        var mixed = g.Op("Transpose", [g.Op("MatMul", [attention, v])], ("perm", new long[] { 0, 2, 1, 3 }));
        var joined = g.Op("Reshape", [mixed, g.Longs(0, 16, C)]);
        g.Output(new Wire(g.Op("MatMul", [joined, g.Weight(0.3, [C, 3])]), 3));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Target_with_several_unknown_lengths_blocks()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C);
        g.Output(new Wire(
            g.Op("Reshape", [x, g.Op("Cast", [g.Op("ReduceMax", [g.Input(ElementType.Float, [2])], ("keepdims", 1L))], ("to", 7L))]), 1));

        Oracle.Blocks(g.Build(), "conv1", "Reshape 'reshape1'", run: false);
    }

    private static string Scalar(TestGraph g, long value) => g.Constant(new Tensor(ElementType.Int64, [], BitConverter.GetBytes(value)));
}
