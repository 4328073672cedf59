using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Constants;

/// <summary>A few bytes may claim to compute a weight of any size: it then is no constant, and nothing of its size is allocated.</summary>
public sealed class ComputedSizeTests
{
    private const long AllowedBytes = 64 << 20;

    [Fact]
    public void Weight_of_ConstantOfShape_beyond_the_bound_is_not_made()
    {
        var g = new TestGraph();
        var weight = g.Op("ConstantOfShape", [g.Longs(1 << 20, 3, 16, 16)]);
        g.Output(g.Conv(g.Input(3, 16, 16), 1 << 20, kernel: 16, pad: 0, weight: weight, bias: false));

        AssertSmall(g, weight);
    }

    [Theory]
    [InlineData(long.MaxValue, 1)]
    [InlineData(1L << 40, 1L << 40)]
    [InlineData(-8, -3)]
    [InlineData(8, -1)]
    public void ConstantOfShape_of_lengths_that_no_tensor_has_is_no_constant(long rows, long columns)
    {
        var g = new TestGraph();
        var filled = g.Op("ConstantOfShape", [g.Longs(rows, columns)]);

        Assert.Null(Constant(g, filled));
    }

    [Fact]
    public void ConstantOfShape_of_no_elements_is_a_constant_whatever_its_other_lengths_are()
    {
        var g = new TestGraph();

        Assert.Equal([1L << 40, 0], Constant(g, g.Op("ConstantOfShape", [g.Longs(1L << 40, 0)]))!.Dims);
    }

    [Fact]
    public void Tile_by_more_than_can_be_counted_is_no_constant()
    {
        var g = new TestGraph();

        Assert.Null(Constant(g, g.Op("Tile", [g.Weight(4, 3), g.Longs(long.MaxValue, 2)])));
    }

    [Fact]
    public void Split_into_parts_beyond_64_bits_is_no_constant()
    {
        var g = new TestGraph();

        Assert.Null(Constant(g, g.Ops("Split", [g.Weight(4, 3), g.Longs(long.MaxValue, 5)], 2)[0]));
    }

    [Theory]
    [InlineData("Concat")]
    [InlineData("Gather")]
    [InlineData("Slice")]
    [InlineData("Tile")]
    [InlineData("Transpose")]
    [InlineData("Add")]
    public async Task Nothing_loops_over_the_lengths_of_a_tensor_without_elements(string op)
    {
        var g = new TestGraph();
        var empty = g.Op("ConstantOfShape", [g.Longs(1L << 40, 0)]);
        var result = op switch
        {
            "Concat" => g.Op(op, [empty, empty], ("axis", 1L)),
            "Gather" => g.Op(op, [empty, g.Longs(0, 0)], ("axis", 0L)),
            "Slice" => g.Op(op, [empty, g.Longs(0), g.Longs(long.MaxValue), g.Longs(1)]),
            "Tile" => g.Op(op, [empty, g.Longs(1L << 40, 1)]),
            "Add" => g.Op(op, [empty, empty]),
            _ => g.Op(op, [empty]),
        };

        Assert.Null(await Task.Run(() => Constant(g, result)).WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Weight_that_Concat_doubles_again_and_again_is_not_made()
    {
        var g = new TestGraph();
        var weight = g.Weight(8, 3, 3, 3);
        for (var i = 0; i < 40; i++)
        {
            weight = g.Op("Concat", [weight, weight], ("axis", 0L));
        }

        g.Output(g.Conv(g.Input(3, 4, 4), 8, kernel: 3, weight: weight, bias: false));

        // What is made before the bound is reached sums up to the bound.
        AssertSmall(g, weight, 2L << 30);
    }

    [Fact]
    public void Weight_that_Gather_repeats_beyond_the_bound_is_not_made()
    {
        var g = new TestGraph();
        var weight = g.Weight(1, 4096);
        for (var i = 0; i < 3; i++)
        {
            weight = g.Op("Gather", [weight, g.Longs(new long[4096])], ("axis", 0L));
            weight = g.Op("Reshape", [weight, g.Longs(1, -1)]);
        }

        g.Output(new Wire(g.Op("MatMul", [g.Input(ElementType.Float, [1, 1]), weight]), 1));

        AssertSmall(g, weight, 2L << 30);
    }

    [Fact]
    public void Sizes_that_Concat_doubles_again_and_again_are_not_followed()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), 8);
        var shape = g.Op("Shape", [x]);
        for (var i = 0; i < 40; i++)
        {
            shape = g.Op("Concat", [shape, shape], ("axis", 0L));
        }

        g.Output(x, new Wire(shape, 1));
        var model = g.Build();
        var before = GC.GetAllocatedBytesForCurrentThread();

        ChannelFlow.Through(model);

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < AllowedBytes);
    }

    [Fact]
    public void Sizes_that_cannot_be_counted_are_broken()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Input(3, 4, 4), 8));
        var model = ModelCopy.WithShapes(g.Build());
        foreach (var value in model.Graph.Values.Where(v => v.Producer is not null))
        {
            value.Shape = new Shape(1, value.Shape![1], 1L << 31, 1L << 31);
        }

        Assert.Contains("than can be counted", Assert.Throws<BrokenModelException>(() => NetworkAnalysis.Of(model)).Message);
    }

    [Fact]
    public void Constants_in_a_chain_of_any_length_are_evaluated()
    {
        var g = new TestGraph();
        var weight = g.Weight(8, 3, 1, 1);
        for (var i = 0; i < 20_000; i++)
        {
            weight = g.Op("Identity", [weight]);
        }

        g.Close(g.Conv(g.Input(3, 4, 4), 8, weight: weight));
        var model = g.Build();

        Assert.Equal(8, new ConstantValues()[model.Graph.Find(weight)]!.Dims[0]);
        Pruner.Prune(NetworkAnalysis.Of(model), new PruneRequest());
    }

    [Fact]
    public void Pad_by_more_channels_than_can_be_followed_is_unsupported()
    {
        var g = new TestGraph();
        g.Close(new Wire(g.Op("Pad", [g.Conv(g.Input(3, 4, 4), 8), g.Longs(0, 0, 0, 0, 0, 1 << 30, 0, 0)]), 8));
        var model = g.Build();
        State(model, "conv1.y", 8);

        Assert.Contains(
            "more than the 4194304 that can be followed",
            Assert.Throws<UnsupportedModelException>(() => ChannelFlow.Through(model)).Message);
    }

    [Fact]
    public void Channels_that_Concat_doubles_again_and_again_are_unsupported()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), 8);
        for (var i = 0; i < 40; i++)
        {
            x = g.Concat(1, x, x) with { Channels = 0 };
        }

        g.Output(x);
        var model = g.Build();
        State(model, "conv1.y", 8);
        for (var i = 1; i <= 40; i++)
        {
            State(model, $"concat{i}.y", 8L << i);
        }

        Assert.Throws<UnsupportedModelException>(() => ChannelFlow.Through(model));
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(5)]
    [InlineData(-5)]
    public void Flatten_of_an_axis_that_does_not_exist_is_broken(long axis)
    {
        var g = new TestGraph();
        g.Output(g.Op("Flatten", g.Conv(g.Input(3, 4, 4), 8), ("axis", axis)));
        var model = g.Build();
        State(model, "conv1.y", 8);

        Assert.Contains("has no axis", Assert.Throws<BrokenModelException>(() => ChannelFlow.Through(model)).Message);
    }

    [Fact]
    public void SpaceToDepth_by_more_than_can_be_followed_is_broken()
    {
        var g = new TestGraph();
        g.Close(g.Op("SpaceToDepth", g.Conv(g.Input(3, 4, 4), 8), ("blocksize", 12000L)));
        var model = g.Build();
        State(model, "conv1.y", 8);

        Assert.Throws<BrokenModelException>(() => ChannelFlow.Through(model));
    }

    private static Tensor? Constant(TestGraph g, string value)
    {
        g.Output(new Wire(value, 1));
        var graph = g.Build().Graph;
        return new ConstantValues()[graph.Find(value)];
    }

    private static void AssertSmall(TestGraph g, string weight, long allowed = AllowedBytes)
    {
        var model = g.Build();
        var before = GC.GetAllocatedBytesForCurrentThread();

        var channels = ChannelFlow.Through(model);

        Assert.Null(channels.Constants[model.Graph.Find(weight)]);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < allowed);
    }

    private static void State(Model model, string value, long channels) => model.Graph.Find(value)!.Shape = new Shape(1, channels, 4, 4);
}
