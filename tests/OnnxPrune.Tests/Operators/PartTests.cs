using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

/// <summary>Operators that take parts: Slice, Split, Gather.</summary>
public sealed class PartTests
{
    private const int C = 8;

    [Theory]
    [InlineData(-6, -1, 1)]
    [InlineData(-6, long.MaxValue, -3)]
    [InlineData(1, 100, 1)]
    public void Slice_with_bounds_from_the_end_follows_the_channels(long start, long end, long axis)
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        var count = (int)(Math.Min(end < 0 ? end + C : end, C) - (start < 0 ? start + C : start));
        g.Close(g.Concat(1, x, new Wire(g.Op("Slice", [x, g.Longs(start), g.Longs(end), g.Longs(axis), g.Longs(1)]), count)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Slice_with_attributes_follows_the_channels_before_opset_10()
    {
        var g = new TestGraph { Opset = 9 };
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Close(g.Concat(
            1, x, g.Op("Slice", x, ("starts", new long[] { 2, 1 }), ("ends", new long[] { 7, 3 }), ("axes", new long[] { 1, 2 })) is var y
            ? new Wire(g.Op("Pad", [y], ("pads", new long[] { 0, 0, 1, 0, 0, 0, 1, 0 })), 5)
            : x));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Slice_with_a_stride_over_channels_blocks()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Close(new Wire(g.Op("Slice", [x, g.Longs(0), g.Longs(C), g.Longs(1), g.Longs(2)]), C / 2));

        Oracle.Blocks(g, "conv1", "Slice 'slice1' takes a part of them that is not contiguous");
    }

    [Fact]
    public void Slices_whose_bounds_exporters_compute_for_chunk_follow_the_channels()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        var count = g.Op("Gather", [g.Op("Shape", [x]), g.Longs(1)]);
        var half = g.Op("Div", [g.Op("Add", [count, g.Longs(1)]), g.Longs(2)]);
        var all = g.Op("Mul", [half, g.Longs(2)]);
        var front = new Wire(g.Op("Slice", [x, g.Longs(0), half, g.Longs(1)]), C / 2);
        var back = new Wire(g.Op("Slice", [x, half, all, g.Longs(1)]), C / 2);
        g.Close(g.Concat(1, g.Op("Sin", back), front));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    public void Split_into_uneven_parts_follows_the_channels(long opset)
    {
        var g = new TestGraph { Opset = opset };
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        var parts = opset < 13
            ? g.Ops("Split", [x], 3, ("axis", 1L), ("split", new long[] { 1, 5, 2 }))
            : g.Ops("Split", [x, g.Longs(1, 5, 2)], 3, ("axis", 1L));
        g.Close(g.Concat(1, new Wire(parts[2], 2), new Wire(parts[0], 1), g.Op("Sin", new Wire(parts[1], 5))));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(18)]
    public void Split_into_equal_parts_writes_sizes_that_shrank_unevenly(long opset)
    {
        var g = new TestGraph { Opset = opset };
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        var parts = opset < 18 ? g.Ops("Split", [x], 2, ("axis", 1L)) : g.Ops("Split", [x], 2, ("axis", 1L), ("num_outputs", 2L));
        g.Close(g.Concat(1, new Wire(parts[1], 4), g.Op("Sin", new Wire(parts[0], 4))));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Split_of_an_odd_count_into_num_outputs_has_a_short_last_part()
    {
        var g = new TestGraph { Opset = 18 };
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 7));
        var parts = g.Ops("Split", [x], 3, ("axis", -3L), ("num_outputs", 3L));
        g.Close(g.Concat(1, new Wire(parts[2], 1), new Wire(parts[1], 3), new Wire(parts[0], 3)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Split_into_parts_that_are_too_many_to_be_added_up_is_no_fault_of_a_rule()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C);
        var parts = g.Ops("Split", [x, g.Longs(int.MaxValue, int.MaxValue, 2)], 3, ("axis", 1L));
        g.Output(new Wire(parts[0], C));
        g.Proto.Graph.ValueInfo.Add(TestGraph.Describe(x, ElementType.Float, [-1, C, 4, 4]));

        Assert.Contains(ChannelFlow.Through(g.Build()).Blocked, b => b.Reason.Contains("splits them into parts whose sizes"));
    }

    [Fact]
    public void Split_along_positions_passes_the_channels()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        var parts = g.Ops("Split", [x, g.Longs(1, 3)], 2, ("axis", 2L));
        g.Close(g.Concat(2, new Wire(parts[1], C), new Wire(parts[0], C)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Gather_of_one_channel_blocks()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Output(new Wire(g.Op("Gather", [x, g.Constant(new Tensor(ElementType.Int64, [], BitConverter.GetBytes(2L)))], ("axis", 1L)), 1));

        Oracle.Blocks(g, "conv1", "Gather 'gather1' picks single ones of them");
    }

    [Fact]
    public void Gather_along_positions_passes_the_channels()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Close(new Wire(g.Op("Gather", [x, g.Longs(3, 0, 1)], ("axis", 3L)), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Part_that_nobody_reads_shrinks_too()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        var parts = g.Ops("Split", [x, g.Longs(3, 5)], 2, ("axis", 1L));
        g.Close(g.Concat(1, x, new Wire(parts[1], 5)));

        Oracle.Holds(g, "conv1");
    }
}
