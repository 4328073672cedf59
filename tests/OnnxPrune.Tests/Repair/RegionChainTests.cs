using OnnxPrune.Constants;
using OnnxPrune.Repair;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Repair;

public sealed class RegionChainTests
{
    [Fact]
    public void Blocks_that_follow_each_other_are_joined_with_the_activations_between_them()
    {
        var g = new TestGraph();
        var stem = g.ConvBnRelu(g.Input(3, 8, 8), 4);
        var first = Block(g, stem);
        var second = Block(g, g.Relu(first));
        g.Classify(g.Relu(second));

        var region = Assert.Single(Join(g, 8));

        Assert.Equal((stem.Name, second.Name), (region.Input.Name, region.Output.Name));
        Assert.Equal(["conv2", "conv3", "conv4", "conv5"], region.Layers.Select(l => l.Name));
        Assert.Contains("relu3", region.Nodes.Select(n => n.Name));
    }

    [Fact]
    public void A_chain_ends_where_the_next_block_does_not_fit()
    {
        var g = new TestGraph();
        var x = g.ConvBnRelu(g.Input(3, 8, 8), 4);
        for (var i = 0; i < 5; i++)
        {
            x = g.Relu(Block(g, x));
        }

        g.Classify(x);

        Assert.Equal([4, 4, 2], Join(g, 4).Select(r => r.Layers.Count));
    }

    [Fact]
    public void Blocks_stay_apart_where_something_else_reads_what_passes()
    {
        var g = new TestGraph();
        var first = g.Relu(Block(g, g.ConvBnRelu(g.Input(3, 8, 8), 4)));
        g.Output(first);
        g.Classify(Block(g, first));

        Assert.Equal([2, 2], Join(g, 8).Select(r => r.Layers.Count));
    }

    [Fact]
    public void Blocks_stay_apart_where_a_layer_lies_between_them()
    {
        var g = new TestGraph();
        var first = g.Relu(Block(g, g.ConvBnRelu(g.Input(3, 8, 8), 4)));
        g.Classify(Block(g, g.ConvBnRelu(first, 4)));

        Assert.Equal([2, 2], Join(g, 8).Select(r => r.Layers.Count));
    }

    [Fact]
    public void Chains_of_random_networks_are_closed_and_keep_every_layer()
    {
        var joins = 0;
        for (var seed = 0; seed < 200; seed++)
        {
            var model = ModelCopy.WithShapes(RandomNetwork.Of(seed).Graph.Build());
            var constants = new ConstantValues();
            var regions = RegionFinder.Find(model, constants);

            var chains = RegionChain.Join(regions, constants, r => r.Layers.Count <= 8);

            Assert.Equal(regions.SelectMany(r =>
                r.Layers).Select(l => l.Name).Order(), chains.SelectMany(r => r.Layers).Select(l => l.Name).Order());
            Assert.All(chains, chain => Assert.True(chain.IsClosed(constants)));
            joins += regions.Count - chains.Count;
        }

        Assert.True(joins > 20);
    }

    private static Wire Block(TestGraph g, Wire x) => g.Add(x, g.BatchNorm(g.Conv(g.ConvBnRelu(x, 6), 4, 3)));

    private static IReadOnlyList<Region> Join(TestGraph g, int layers)
    {
        var constants = new ConstantValues();
        return RegionChain.Join(RegionFinder.Find(ModelCopy.WithShapes(g.Build()), constants), constants, r => r.Layers.Count <= layers);
    }
}
