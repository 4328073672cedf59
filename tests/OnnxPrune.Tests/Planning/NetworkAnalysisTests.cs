using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

/// <summary>One analysis serves any number of cuts, each of which works on a copy.</summary>
public sealed class NetworkAnalysisTests
{
    private static readonly PruneRequest s_request =
        new() { Targets = [Target.Parse("macs=60%")], Rounding = new Rounding(1), CutsBlocks = true };

    public static TheoryData<string> Networks =>
        new("bottleneck56_v2.onnx", "resnet20_cifar_A_fused_computed_pads.onnx", "resnet20_cifar_B.onnx");

    [Theory]
    [MemberData(nameof(Networks))]
    public void Second_cut_from_one_analysis_is_that_of_a_fresh_one(string name)
    {
        var (network, fresh) = (NetworkAnalysis.Of(Made(name)), NetworkAnalysis.Of(Made(name)));
        var before = OnnxFile.ToBytes(network.Model);

        Pruner.Prune(network, s_request with { Targets = [Target.Parse("params=70%")], CutsBlocks = false });
        var (second, alone) = (Pruner.Prune(network, s_request), Pruner.Prune(fresh, s_request));

        Assert.Equal(OnnxFile.ToBytes(alone.Model), OnnxFile.ToBytes(second.Model));
        Assert.Equal(alone.After, second.After);
        Assert.Equal(before, OnnxFile.ToBytes(network.Model));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Analysis_of_a_copy_cuts_as_one_that_was_made_of_the_copy(string name)
    {
        var network = NetworkAnalysis.Of(Made(name));
        var plan = Planner.Plan(network, s_request with { CutsBlocks = false });

        var copied = Pruner.Apply(network.Without([]), plan);
        var anew = Pruner.Apply(NetworkAnalysis.Of(network.Model.Clone()), plan);

        Assert.Equal(OnnxFile.ToBytes(anew.Model), OnnxFile.ToBytes(copied.Model));
    }

    [Fact]
    public void Threads_may_share_an_analysis()
    {
        var network = NetworkAnalysis.Of(Made("resnet20_cifar_A_fused_computed_pads.onnx"));
        var expected =
            OnnxFile.ToBytes(Pruner.Prune(NetworkAnalysis.Of(Made("resnet20_cifar_A_fused_computed_pads.onnx")), s_request).Model);

        var found = new byte[8][];
        Parallel.For(0, found.Length, i => found[i] = OnnxFile.ToBytes(Pruner.Prune(network, s_request).Model));

        Assert.All(found, f => Assert.Equal(expected, f));
    }

    [Fact]
    public void Outcome_tells_the_cost_of_the_model_that_it_holds()
    {
        var outcome = Pruner.Prune(NetworkAnalysis.Of(Made("resnet20_cifar_B.onnx")), s_request);

        Assert.Equal(NetworkAnalysis.Of(ModelCopy.WithShapes(OnnxFile.FromBytes(OnnxFile.ToBytes(outcome.Model)))).Cost, outcome.After);
        Assert.NotEqual(outcome.Before, outcome.After);
    }

    private static Model Made(string name) => ModelCopy.WithShapes(OnnxFile.Read(Path.Combine(SharedFiles.Root, "models", name)));

    [Fact]
    public void Block_that_no_output_depends_on_is_none()
    {
        var g = new TestGraph(3);
        var stem = g.ConvBnRelu(g.Input(3, 8, 8), 8);
        var end = g.Add(stem, g.ConvBnRelu(stem, 8));
        g.Add(end, g.ConvBnRelu(end, 8));
        g.Classify(end);

        Assert.Equal(end.Name, Assert.Single(NetworkAnalysis.Of(ModelCopy.WithShapes(g.Build())).Blocks).Join.Output.Name);
    }
}
