using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

/// <summary>Resize, depth and space, Squeeze and Unsqueeze, NHWC, Concat.</summary>
public sealed class LayoutTests
{
    private const int C = 8;

    private static Wire Start(TestGraph g, int channels = C) => g.Relu(g.Conv(g.Input(3, 4, 4), channels));

    [Fact]
    public void Constant_sizes_of_Resize_follow_the_channels()
    {
        var g = new TestGraph();
        g.Proto.Graph.Name = "fixed batch";
        var x = g.Relu(g.Conv(new Wire(g.Input(ElementType.Float, [2, 3, 4, 4]).Name, 3), C));
        g.Close(new Wire(g.Op("Resize", [x, "", "", g.Longs(2, C, 8, 8)], ("mode", "nearest")), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Computed_sizes_of_Resize_follow_the_channels()
    {
        var g = new TestGraph();
        var x = Start(g);
        var front = g.Op("Slice", [g.Op("Shape", [x]), g.Longs(0), g.Longs(2), g.Longs(0)]);
        var sizes = g.Op("Concat", [front, g.Longs(7, 7)], ("axis", 0L));
        g.Close(new Wire(g.Op("Resize", [x, "", "", sizes], ("mode", "nearest")), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Sizes_of_Resize_with_axes_need_no_change()
    {
        var g = new TestGraph { Opset = 18 };
        g.Close(new Wire(g.Op("Resize", [Start(g), "", "", g.Longs(7, 9)], ("axes", new long[] { 2, 3 })), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Resize_over_channels_blocks()
    {
        var g = new TestGraph();
        g.Close(new Wire(g.Op("Resize", [Start(g), "", g.Floats(1, 2, 1, 1)], ("mode", "nearest")), 2 * C));

        Oracle.Blocks(g, "conv1", "Resize 'resize1' resizes this axis");
    }

    [Theory]
    [InlineData(7)]
    [InlineData(9)]
    public void Upsample_passes_the_channels(long opset)
    {
        var g = new TestGraph { Opset = opset };
        var x = Start(g);
        g.Close(new Wire(
            opset < 9 ? g.Op("Upsample", [x], ("scales", new float[] { 1, 1, 2, 2 })) : g.Op("Upsample", [x, g.Floats(1, 1, 2, 2)]), C));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData("DCR")]
    [InlineData("CRD")]
    public void DepthToSpace_ties_the_channels_of_one_output(string mode)
    {
        var g = new TestGraph();
        g.Close(g.Op("DepthToSpace", Start(g, 16), ("blocksize", 2L), ("mode", mode)) with { Channels = 4 });

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    public void Squeeze_and_Unsqueeze_take_axes_in_the_form_of_their_opset(long opset)
    {
        var g = new TestGraph { Opset = opset };
        var x = g.GlobalAveragePool(Start(g));
        var flat = opset < 13 ? g.Op("Squeeze", [x], ("axes", new long[] { 2, 3 })) : g.Op("Squeeze", [x, g.Longs(-1, 2)]);
        var back = opset < 13 ? g.Op("Unsqueeze", [flat], ("axes", new long[] { 2, 3 })) : g.Op("Unsqueeze", [flat, g.Longs(-2, 3)]);
        g.Close(new Wire(back, C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Squeeze_of_all_axes_of_length_one_keeps_an_axis_that_was_cut_to_one_channel()
    {
        var g = new TestGraph();
        var input = new Wire(g.Input(ElementType.Float, [2, 3, 4, 4]).Name, 3);
        var flat = new Wire(g.Op("Squeeze", [g.GlobalAveragePool(g.Relu(g.Conv(input, 3)))]), 3);
        g.Output(g.Linear(flat, 4));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Nhwc_between_two_transposes_is_cut_along_its_last_axis()
    {
        var g = new TestGraph();
        var moved = g.Op("Transpose", [Start(g)], ("perm", new long[] { 0, 2, 3, 1 }));
        var scaled = g.Op("Mul", [moved, g.Weight(C)]);
        var joined = g.Op("Concat", [scaled, g.Op("Sin", [moved])], ("axis", 3L));
        g.Close(new Wire(g.Op("Transpose", [joined], ("perm", new long[] { 0, 3, 1, 2 })), 2 * C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Transpose_without_perm_reverses_the_axes()
    {
        var g = new TestGraph();
        g.Close(new Wire(g.Op("Transpose", [g.Op("Sin", [g.Op("Transpose", [Start(g)])])]), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Concat_offsets_the_kept_channels_of_its_later_inputs()
    {
        var g = new TestGraph();
        var input = g.Input(3, 4, 4);
        g.Close(
            g.Concat(1, g.Conv(input, 5), g.Op("Sin", input), g.Conv(input, 4), new Wire(
                g.Op("Expand", [g.Weight(1, 2, 4, 4), g.Op(
                    "Concat", [g.Op("Slice", [g.Op("Shape", [input]), g.Longs(0), g.Longs(1)]), g.Longs(2, 4, 4)], ("axis", 0L))]),
                2)));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Concat_across_positions_couples_the_channels()
    {
        var g = new TestGraph();
        var input = g.Input(3, 4, 4);
        g.Close(g.Concat(2, g.Conv(input, 5), g.Relu(g.Conv(input, 5))));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Concat_across_positions_with_a_graph_input_blocks()
    {
        var g = new TestGraph();
        var input = g.Input(5, 4, 4);
        g.Close(g.Concat(2, g.Conv(input, 5), input));

        Oracle.Blocks(g, "conv1", "Concat 'concat1' joins them with 'input1', which has no channels along that axis");
    }
}
