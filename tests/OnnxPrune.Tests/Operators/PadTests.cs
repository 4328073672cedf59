using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

public sealed class PadTests
{
    private const int C = 6;

    [Fact]
    public void Pad_with_attributes_adds_channels_before_opset_11()
    {
        var g = new TestGraph { Opset = 9 };
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Close(new Wire(g.Op("Pad", [x], ("pads", new long[] { 0, 2, 1, 1, 0, 3, 0, 0 }), ("value", 0.5f)), C + 5));

        Oracle.Holds(g, "conv1", "pad1");
    }

    [Fact]
    public void Pad_with_an_axes_input_adds_channels()
    {
        var g = new TestGraph { Opset = 18 };
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Close(new Wire(g.Op("Pad", [x, g.Longs(1, 2, 0, 3), g.Scalar(0.5), g.Longs(-1, 1)]), C + 5));

        Oracle.Holds(g, "conv1", "pad1");
    }

    [Fact]
    public void Pads_that_the_graph_computes_are_written_out()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        var zeros = g.Op("ConstantOfShape", [g.Longs(4)], ("value", Tensor.Of([0L])));
        var pairs = g.Op("Reshape", [g.Op("Concat", [zeros, g.Longs(1, 3, 0, 0)], ("axis", 0L)), g.Longs(-1, 2)]);
        var reversed = g.Op("Slice", [pairs, g.Longs(-1), g.Longs(long.MinValue), g.Longs(0), g.Longs(-1)]);
        var pads = g.Op("Cast", [g.Op("Reshape", [g.Op("Transpose", [reversed], ("perm", new long[] { 1, 0 })), g.Longs(-1)])], ("to", 7L));
        g.Close(new Wire(g.Op("Pad", [x, pads]), C + 4));

        Oracle.Holds(g, "conv1", "pad1");
    }

    [Fact]
    public void Reflecting_positions_passes_the_channels()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Close(new Wire(g.Op("Pad", [x, g.Longs(0, 0, 1, 1, 0, 0, 1, 1)], ("mode", "reflect")), C));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Reflecting_channels_blocks()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Close(new Wire(g.Op("Pad", [x, g.Longs(0, 2, 0, 0, 0, 2, 0, 0)], ("mode", "reflect")), C + 4));

        Oracle.Blocks(g, "conv1", "Pad 'pad1' pads them other than with constant channels");
    }

    [Fact]
    public void Cropping_channels_blocks()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Close(new Wire(g.Op("Pad", [x, g.Longs(0, -2, 0, 0, 0, 0, 0, 0)]), C - 2));

        Oracle.Blocks(g, "conv1", "Pad 'pad1' pads them other than with constant channels");
    }
}
