using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

public sealed class PlannerTests
{
    private static readonly string[] s_made = [
        "resnet20_cifar_A.onnx", "resnet20_cifar_B.onnx", "resnet20_cifar_A_fused_computed_pads.onnx", "bottleneck56_v2.onnx"
    ];

    public static TheoryData<string, string, bool> Targets
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            foreach (var model in s_made)
            {
                foreach (var target in new[] { "macs=75%", "macs=40%", "params=50%", "channels=60%" })
                {
                    data.Add(model, target, false);
                    data.Add(model, target, true);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Target_is_kept_and_not_undercut_by_much(string name, string text, bool cutsBlocks)
    {
        var model = Made(name);
        var target = Target.Parse(text);

        var outcome = Pruner.Prune(
            NetworkAnalysis.Of(model), new PruneRequest { Targets = [target], Rounding = new Rounding(4), CutsBlocks = cutsBlocks });

        Assert.True(target.Of(outcome.After) <= target.Limit(outcome.Before), $"{outcome.After} of {outcome.Before}");
        Assert.InRange(target.Of(outcome.After), 0.85 * target.Limit(outcome.Before), target.Limit(outcome.Before));
        Assert.Equal(outcome.After, CostOf(outcome.Model));
        using var session = OnnxSession.Open(outcome.Model, SessionSettings.Plain);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Every_count_is_a_multiple_or_what_it_was(int multiple)
    {
        var model = Made("resnet20_cifar_B.onnx");
        var before = Counts(model);

        var pruned = Pruner.Prune(
            NetworkAnalysis.Of(model), new PruneRequest { Targets = [Target.Parse("macs=50%")], Rounding = new Rounding(multiple) }).Model;

        Assert.All(Counts(pruned).Zip(before), c =>
            Assert.True(c.First % multiple == 0 || c.First == c.Second, $"{c.Second} became {c.First}"));
    }

    [Fact]
    public void Several_targets_hold_together()
    {
        var model = Made("resnet20_cifar_A.onnx");

        var outcome = Pruner.Prune(
            NetworkAnalysis.Of(model),
            new PruneRequest { Targets = [Target.Parse("macs=70%"), Target.Parse("params=60%")], Rounding = new Rounding(4) });

        Assert.True(outcome.After.Macs <= 0.7 * outcome.Before.Macs && outcome.After.Parameters <= 0.6 * outcome.Before.Parameters);
    }

    [Fact]
    public void Replayed_plan_gives_the_same_bytes()
    {
        var model = Made("resnet20_cifar_B.onnx");
        var outcome = Pruner.Prune(NetworkAnalysis.Of(model), new PruneRequest { Targets = [Target.Parse("macs=50%")], CutsBlocks = true });

        var replayed = Pruner.Apply(model, PruningPlan.FromJson(outcome.Plan.ToJson(), "the plan"));

        Assert.Equal(OnnxFile.ToBytes(outcome.Model), OnnxFile.ToBytes(replayed));
    }

    [Fact]
    public void Target_out_of_reach_states_what_can_be_reached_and_changes_nothing()
    {
        var model = Made("resnet20_cifar_A.onnx");
        var before = OnnxFile.ToBytes(model);

        var failure = Assert.Throws<TargetOutOfReachException>(() =>
            Pruner.Prune(NetworkAnalysis.Of(model), new PruneRequest { Targets = [Target.Parse("macs=1%")] }));

        Assert.Matches(
            @"^Target macs=1% is out of reach: macs can go from 40551040 down to \d+, which is [\d.]+% of the original\.$",
            failure.Message);
        Assert.Equal(before, OnnxFile.ToBytes(model));
    }

    [Fact]
    public void Only_what_is_allowed_is_cut()
    {
        var model = Made("resnet20_cifar_B.onnx");

        var outcome = Pruner.Prune(
            NetworkAnalysis.Of(model),
            new PruneRequest { Targets = [Target.Parse("macs=90%")], Only = new("layer2"), Exclude = new(@"layer2\.1") });

        Assert.NotEmpty(outcome.Plan.Channels);
        Assert.All(outcome.Plan.Channels, c => Assert.Contains("layer2", c.Layer));
        Assert.All(outcome.Plan.Channels, c => Assert.DoesNotMatch(@"layer2[./]1[./]", c.Layer));
    }

    [Fact]
    public void ResNet_20_costs_what_is_published()
    {
        var cost = CostOf(Made("resnet20_cifar_A.onnx"));

        Assert.Equal((40_551_040, 269_722), (cost.Macs, cost.Parameters));
    }

    [SharedModelsTheory]
    [InlineData("resnet56_cifar10_A_bn_op13.onnx")]
    public void ResNet_56_costs_what_is_published(string name)
    {
        var cost = CostOf(ModelCopy.WithShapes(OnnxFile.Read(SharedFiles.Model(name))));

        Assert.Equal((125_485_696, 853_018), (cost.Macs, cost.Parameters));
    }

    [Fact]
    public void Absorbed_means_bring_the_output_nearer()
    {
        var g = new TestGraph(seed: 4);
        var x = g.ConvBnRelu(g.Input(3, 8, 8), 16);
        g.Classify(g.ConvBnRelu(x, 16), classes: 5);
        var model = ModelCopy.WithShapes(g.Build());
        var request = new PruneRequest { Targets = [Target.Parse("channels=60%")], Rounding = new Rounding(1) };
        var random = new Random(2);
        var inputs = RandomInputs.For(model, random, batch: 32);

        var (with, without) = (Drift(model, inputs, request), Drift(model, inputs, request with { AbsorbMeans = false }));

        Assert.True(with < 0.8 * without, $"{with} with absorbed means, {without} without");
    }

    private static double Drift(Model model, IReadOnlyDictionary<string, Tensor> inputs, PruneRequest request)
    {
        var pruned = Pruner.Prune(NetworkAnalysis.Of(model), request).Model;
        using var a = OnnxSession.Open(model, SessionSettings.Plain);
        using var b = OnnxSession.Open(pruned, SessionSettings.Plain);
        return MaskedEqualsPruned.RelativeError(a.Run(inputs), b.Run(inputs));
    }

    private static Model Made(string name) => ModelCopy.WithShapes(OnnxFile.Read(Path.Combine(SharedFiles.Root, "models", name)));

    private static Cost CostOf(Model model) => NetworkAnalysis.Of(ModelCopy.WithShapes(model)).Cost;

    private static long[] Counts(Model model) => [.. ChannelFlow.Through(model).Model.Graph.Nodes
        .Where(n => n.OpType == "Conv")
        .Select(n => n.Inputs[1]!.Initializer!.Dims[0])];
}
