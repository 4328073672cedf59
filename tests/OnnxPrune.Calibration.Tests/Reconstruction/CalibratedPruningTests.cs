using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Calibration.Sensitivity;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Reconstruction;

public sealed class CalibratedPruningTests
{
    private const long Seed = 1;

    // A masked channel adds a zero where a cut one adds nothing: the order of sums differs.
    private const double Rounding = 1e-4;
    private const double HalfRounding = 2e-2;

    private static readonly SessionSettings s_settings = new() { Threads = 1, Deterministic = true };
    private static readonly Target s_target = Target.Parse("macs=70%");
    private static readonly PruneRequest s_request =
        new() { Targets = [s_target], Rounding = new Rounding(4), CutsChannels = true, CutsBlocks = true };

    public static TheoryData<string> Kinds => Networks.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Plan_keeps_its_target_and_repair_comes_closer_on_inputs_that_it_never_saw(string kind)
    {
        var (model, inputs) = Given(kind);
        var unseen = Networks.Inputs(model, 99, 4);

        var plan = Plan(model, inputs);
        var result = CalibratedPruning.Apply(NetworkAnalysis.Of(model), plan, true, inputs, s_settings, Seed);

        var plain = Pruner.Apply(model, result.Plan with { AbsorbMeans = false });
        var (before, after) = (NetworkAnalysis.Of(model).Cost, NetworkAnalysis.Of(result.Model).Cost);
        Assert.True(s_target.IsMet(after, before));

        // Nothing makes up for what a MatMul loses.
        var (repaired, unrepaired) =
            (Networks.Divergence(model, result.Model, unseen, s_settings), Networks.Divergence(model, plain, unseen, s_settings));
        Assert.True(kind == "matmul" ? repaired == unrepaired : repaired < unrepaired);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Masked_equals_pruned_after_repair_too(string kind)
    {
        var (model, inputs) = Given(kind);
        var plan = Plan(model, inputs) with { Blocks = [] };
        var graph = ChannelFlow.Through(model);
        var work = model.Clone();
        var repair =
            new LayerwiseReconstruction(
                graph,
                work,
                Twins(model, work),
                PlanLookup.Channels(plan, graph),
                new Dictionary<Node, LayerwiseReconstruction.OpenChoice>(),
                s_settings);
        using var original = new LayerwiseExecutor(model, inputs, s_settings);
        repair.Run(original, [], inputs, Seed, null, CancellationToken.None);
        var hidden = repair.Leaving;

        // What still reads a channel that leaves is masked here; the repaired layers have no weights for it any more.
        var masked = work.Clone();
        var own = Twins(model, masked);
        foreach (var reader in graph.Consumers.Where(r => LayerOf(r) is null))
        {
            var channels = graph.Channels(reader.Value, reader.Axis)!;
            ChannelMask.Insert(graph, reader, masked.Graph, own[reader.Node]).Hide(i => hidden.Contains(channels[i]));
        }

        var pruned = Pruner.Apply(work, plan);

        var limit = kind == "half" ? HalfRounding : Rounding;
        Assert.All(inputs.Take(2), batch => Assert.True(MaskedEqualsPruned.RelativeError(Run(masked, batch), Run(pruned, batch)) < limit));
        Assert.DoesNotContain(pruned.Graph.Values, v => v.Name.EndsWith(".masked", StringComparison.Ordinal));

        Repair.AffineLayer? LayerOf(ChannelConsumer reader) =>
            Repair.AffineLayer.Of(reader.Node, new Dictionary<Node, int>(), graph.Constants);
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("late projection")]
    [InlineData("grouped")]
    public void Replayed_plan_and_second_run_give_the_same_bytes(string kind)
    {
        var (model, inputs) = Given(kind);

        var plan = Plan(model, inputs);
        var first = CalibratedPruning.Apply(NetworkAnalysis.Of(model), plan, true, inputs, s_settings, Seed);
        var second = CalibratedPruning.Apply(NetworkAnalysis.Of(model), Plan(model, inputs), true, inputs, s_settings, Seed);
        var replayed = CalibratedPruning.Apply(NetworkAnalysis.Of(model), first.Plan, false, inputs, s_settings, Seed);

        Assert.Equal(first.Plan.ToJson(), second.Plan.ToJson());
        Assert.Equal(OnnxFile.ToBytes(first.Model), OnnxFile.ToBytes(second.Model));
        Assert.Equal(first.Plan.ToJson(), replayed.Plan.ToJson());
        Assert.True(MaskedEqualsPruned.RelativeError(Run(first.Model, inputs[0]), Run(replayed.Model, inputs[0])) < Rounding);
    }

    [Theory]
    [InlineData("identity")]
    [InlineData("inverted residual")]
    [InlineData("pre-activation")]
    public void What_follows_a_removed_block_makes_up_for_it(string kind)
    {
        var (model, inputs) = Given(kind);
        var graph = ChannelFlow.Through(model);
        var block = BlockFinder.Find(model, graph.Constants).First(b => b.Obstacle is null);
        var plan = new PruningPlan([new NodeNames(model.Graph).Of(block.Join)], [], false);

        var result = CalibratedPruning.Apply(NetworkAnalysis.Of(model), plan, true, inputs, s_settings, Seed);

        var plain = Pruner.Apply(model, plan);
        var unseen = Networks.Inputs(model, 99, 4);
        Assert.NotEmpty(result.Layers);
        Assert.True(Networks.Divergence(model, result.Model, unseen, s_settings) < Networks.Divergence(model, plain, unseen, s_settings));
    }

    [Fact]
    public void Target_out_of_reach_is_said()
    {
        var (model, inputs) = Given("chain");
        var network = NetworkAnalysis.Of(model);
        var candidates = CutSensitivity.Measure(network, s_request, inputs, inputs, s_settings, Seed);

        Assert.Throws<TargetOutOfReachException>(() => Planner.Plan(network, candidates, [Target.Parse("macs=1%")]));
    }

    private static (Model Model, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Inputs) Given(string kind)
    {
        var model = Networks.Make(kind);
        return (model, Networks.Inputs(model, 1, kind == "fixed batch" ? 64 : 8));
    }

    private static PruningPlan Plan(Model model, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> inputs)
    {
        var network = NetworkAnalysis.Of(model);
        var candidates = CutSensitivity.Measure(network, s_request, inputs, [.. inputs.Take(2)], s_settings, Seed);
        return Planner.Plan(network, candidates, s_request.Targets);
    }

    private static Dictionary<Node, Node> Twins(Model model, Model copy) =>
        model.Graph.Nodes.Zip(copy.Graph.Nodes).ToDictionary(p => p.First, p => p.Second);

    private static IReadOnlyDictionary<string, Tensor> Run(Model model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(OnnxFile.ToBytes(model), model.Folder, s_settings, "the model");
        return session.Run(inputs);
    }
}
