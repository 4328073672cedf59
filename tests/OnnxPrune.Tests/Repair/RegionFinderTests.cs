using OnnxPrune.Constants;
using OnnxPrune.Repair;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Repair;

public sealed class RegionFinderTests
{
    [Fact]
    public void A_residual_block_is_a_region_from_its_fork_to_its_sum()
    {
        var g = new TestGraph();
        var stem = g.ConvBnRelu(g.Input(3, 8, 8), 4);
        var sum = g.Add(stem, g.BatchNorm(g.Conv(g.ConvBnRelu(stem, 6), 4, 3)));
        g.Classify(g.Relu(sum));

        var region = Assert.Single(Find(g));

        Assert.Equal((stem.Name, sum.Name), (region.Input.Name, region.Output.Name));
        Assert.Equal(["conv2", "conv3"], region.Layers.Select(l => l.Name));
        Assert.Equal(["conv2", "batchnormalization2", "relu2", "conv3", "batchnormalization3", "add1"], region.Nodes.Select(n => n.Name));
    }

    [Fact]
    public void A_projection_belongs_to_its_block()
    {
        var g = new TestGraph();
        var stem = g.ConvBnRelu(g.Input(3, 8, 8), 4);
        g.Classify(g.Add(g.Conv(stem, 6, 1), g.Conv(g.ConvBnRelu(stem, 6), 6, 3)));

        Assert.Equal(["conv2", "conv3", "conv4"], Assert.Single(Find(g)).Layers.Select(l => l.Name).Order());
    }

    [Fact]
    public void A_chain_falls_into_pairs_that_end_behind_their_norms()
    {
        var g = new TestGraph();
        var x = g.Input(3, 8, 8);
        g.Classify(g.ConvBnRelu(g.ConvBnRelu(g.ConvBnRelu(x, 4), 4), 4));

        var regions = Find(g);

        Assert.Equal([["conv1", "conv2"], ["conv3", "gemm1"]], regions.Select(r => r.Layers.Select(l => l.Name).ToArray()));
        Assert.Equal(["batchnormalization2", "gemm1"], regions.Select(r => r.Output.Producer!.Name));
        Assert.Equal("relu2", regions[1].Input.Producer!.Name);
    }

    [Fact]
    public void Nothing_else_reads_what_a_region_computes_inside()
    {
        var g = new TestGraph();
        var inner = g.ConvBnRelu(g.Input(3, 8, 8), 4);
        g.Output(g.Conv(inner, 2, 3));
        g.Output(g.Relu(inner));

        Assert.Empty(Find(g));
    }

    [Fact]
    public void What_computes_a_weight_is_no_layer()
    {
        var g = new TestGraph();
        var x = g.ConvBnRelu(g.Input(3, 8, 8), 4);
        var norm = g.Op("MatMul", [g.Weight(6), g.Op("MatMul", [g.Weight(6, 36), g.Weight(36)])]);
        var y = g.Conv(x, 6, 3, weight: g.Op("Div", [g.Weight(6, 4, 3, 3), norm]));
        g.Classify(g.Relu(g.Add(y, g.Conv(x, 6))));

        Assert.Equal(["conv2", "conv3", "gemm1"], Assert.Single(Find(g)).Layers.Select(l => l.Name).Order());
    }

    [Fact]
    public void Regions_of_random_networks_are_closed_and_share_no_layer()
    {
        var found = 0;
        for (var seed = 0; seed < 200; seed++)
        {
            var model = ModelCopy.WithShapes(RandomNetwork.Of(seed).Graph.Build());
            var constants = new ConstantValues();
            var regions = RegionFinder.Find(model, constants);
            Assert.Equal(regions.Sum(r => r.Layers.Count), regions.SelectMany(r => r.Layers).Distinct().Count());
            foreach (var region in regions)
            {
                Assert.True(region.IsClosed(constants));
                Assert.InRange(region.Layers.Count, 2, 9);
            }

            found += regions.Count;
        }

        Assert.True(found > 100);
    }

    private static IReadOnlyList<Region> Find(TestGraph g) => RegionFinder.Find(ModelCopy.WithShapes(g.Build()), new ConstantValues());
}
