using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

/// <summary>Layers whose parameters the network itself computes from what it is fed.</summary>
public sealed class ComputedParameterTests
{
    [Fact]
    public void Conv_whose_weight_is_computed_stays_beside_layers_that_are_cut()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 8));
        var weight = g.Op("Reshape", [g.Op("ReduceMean", g.Conv(x, 6), ("axes", new long[] { 0, 2, 3 })), g.Longs(2, 3, 1, 1)]);
        g.Output(g.Conv(g.Conv(x, 3), 2, weight: weight));

        Oracle.Holds(g, "conv1");
        Oracle.Blocks(g, "conv3", "has a weight that is no constant");
    }

    [Fact]
    public void Computed_bias_keeps_the_channels_that_it_is_added_to()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 8));
        var bias = g.Op("Reshape", [g.Op("ReduceMean", g.Conv(x, 4), ("axes", new long[] { 0, 2, 3 })), g.Longs(4)]);
        g.Close(new Wire(g.Op("Conv", [x, g.Weight(4, 8, 1, 1), bias]), 4));

        Oracle.Holds(g, "conv1");
        Oracle.Blocks(g, "conv3", "which is no constant");
    }
}
