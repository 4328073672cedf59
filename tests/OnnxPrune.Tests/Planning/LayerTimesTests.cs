using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

public class LayerTimesTests
{
    private static readonly Node s_layer = MadeLayer();

    [Theory]
    [InlineData(64, 49)]
    [InlineData(48, 33)]
    public void A_count_takes_as_long_as_the_next_multiple(int multiple, int count)
    {
        var times = new LayerTimes(16);

        Assert.Equal(times.Of(s_layer, 10, multiple, 64), times.Of(s_layer, 10, count, 64));
        Assert.Equal(times.Of(s_layer, 10, 64, multiple), times.Of(s_layer, 10, 64, count));
        Assert.Equal(10.0 * multiple * 64, times.Of(s_layer, 10, count, 64));
    }

    [Fact]
    public void Only_inputs_below_one_tile_give_time_back()
    {
        var times = new LayerTimes(16);

        Assert.Equal(times.Of(s_layer, 1, 16, 32), times.Of(s_layer, 1, 4, 32));
        Assert.True(times.Of(s_layer, 1, 32, 4) < times.Of(s_layer, 1, 32, 8));
        Assert.True(times.Of(s_layer, 1, 32, 8) < times.Of(s_layer, 1, 32, 16));
    }

    [Fact]
    public void Layers_have_their_own_pace()
    {
        var times = new LayerTimes(8, new Dictionary<string, LayerPace> { [s_layer.Output.Name] = new(2.5, 10, 100) });

        Assert.Equal((2.5 * new LayerTimes(8).Of(s_layer, 3, 16, 24)) + (10 * (16 + 24)) + 100, times.Of(s_layer, 3, 16, 24));
    }

    [Theory]
    [InlineData("resnet20_cifar_A.onnx")]
    [InlineData("bottleneck56_v2.onnx")]
    public void A_limit_of_time_is_kept_down_to_the_smallest(string name)
    {
        var model = Made(name);
        var network = NetworkAnalysis.Of(model, times: new LayerTimes(16));
        var request = new PruneRequest { Rounding = Rounding.Automatic(16) };
        var smallest = Planner.Smallest(network, request).Time;

        foreach (var limit in (long[])[smallest, (smallest + network.Cost.Time) / 2])
        {
            var outcome = Pruner.Prune(network, request with { Targets = [new Target(TargetKind.Time, null, limit)] });

            Assert.InRange(outcome.After.Time, smallest, limit);
        }
    }

    [Theory]
    [InlineData("resnet20_cifar_A.onnx")]
    [InlineData("bottleneck56_v2.onnx")]
    public void Little_of_the_time_that_is_allowed_is_left_unused_by_blocks_and_channels(string name)
    {
        var network = NetworkAnalysis.Of(Made(name), times: new LayerTimes(16));
        var request = new PruneRequest { Rounding = Rounding.Automatic(16), CutsBlocks = true };
        var unused = new List<double>();
        foreach (var share in Enumerable.Range(6, 12).Select(i => i * 0.05))
        {
            var limit = (long)(share * network.Cost.Time);
            var outcome = Pruner.Prune(network, request with { Targets = [new Target(TargetKind.Time, null, limit)] });
            Assert.True(outcome.After.Time <= limit);
            unused.Add(1 - ((double)outcome.After.Time / limit));
        }

        Assert.True(unused.Max() <= 0.03, string.Join(", ", unused.Select(u => u.ToString("0.000"))));
    }

    private static Model Made(string name) => ModelCopy.WithShapes(OnnxFile.Read(Path.Combine(SharedFiles.Root, "models", name)));

    private static Node MadeLayer() => Made("resnet20_cifar_A.onnx").Graph.Nodes.First(n => n.OpType == "Conv");
}
