using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

public sealed class NormalizationTests
{
    private const int C = 8;

    [Theory]
    [InlineData(18, 2)]
    [InlineData(21, C)]
    public void GroupNormalization_loses_whole_groups(long opset, int scales)
    {
        // given
        var g = new TestGraph { Opset = opset };
        var x = g.Conv(g.Input(3, 4, 4), C, kernel: 3);
        g.Close(new Wire(g.Op("GroupNormalization", [x, g.Uniform(0.5, 1.5, scales), g.Weight(scales)], ("num_groups", 2L)), C));

        // then
        Oracle.Holds(g, "conv1");
        var group = Assert.Single(ChannelFlow.Through(ModelCopy.WithShapes(g.Build())).Groups);
        Assert.Equal(2, group.Channels.Count);
    }

    [Fact]
    public void LayerNormalization_over_the_channels_keeps_them()
    {
        var g = new TestGraph();
        var last = g.Op("Transpose", g.Conv(g.Input(3, 4, 4), C), ("perm", new long[] { 0, 2, 3, 1 }));
        var normalized = new Wire(g.Op("LayerNormalization", [last, g.Uniform(0.5, 1.5, C)]), C);
        g.Close(g.Op("Transpose", normalized, ("perm", new long[] { 0, 3, 1, 2 })));

        Oracle.Blocks(g, "conv1", "LayerNormalization 'layernormalization1' normalizes by a mean and variance over all of them");
    }

    [Fact]
    public void LayerNormalization_by_a_scale_that_is_computed_blocks()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 8, 8), C, 3);
        var scale = g.Conv(x, C, 3);
        g.Close(g.Conv(new Wire(g.Op("LayerNormalization", [g.Conv(x, C, 3), scale], ("axis", -1L)), C), C));

        Assert.Equal(["conv1", "conv4"], Pruned.Layers(g));
    }

    [Fact]
    public void LayerNormalization_that_gives_its_statistics_blocks()
    {
        var g = new TestGraph();
        var parts = g.Ops("LayerNormalization", [g.Conv(g.Input(3, 4, 4), C), g.Uniform(0.5, 1.5, 4)], 2);
        g.Output(g.Conv(new Wire(parts[0], C), 2), new Wire(parts[1], C));

        Oracle.Blocks(g, "conv1", "also gives the statistics");
    }

    [Fact]
    public void Expand_to_lengths_that_are_fed_blocks()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C);
        var fed = g.Input(ElementType.Int64, [4]);
        g.Output(new Wire(g.Op("ReduceSum", [g.Op("Expand", [g.GlobalAveragePool(x), fed])]), 1));

        Oracle.Blocks(g.Build(), "conv1", "Expand 'expand1' repeats them up to lengths that are not known beforehand", run: false);
    }
}
