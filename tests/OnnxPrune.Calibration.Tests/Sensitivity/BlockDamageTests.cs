using System.Collections.Concurrent;
using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Calibration.Sensitivity;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Sensitivity;

public sealed class BlockDamageTests
{
    private const long Seed = 1;
    private static readonly SessionSettings s_settings = new() { Threads = 1, Deterministic = true };
    private static readonly PruneRequest s_request = new() { Rounding = new Rounding(4), CutsChannels = true, CutsBlocks = true };

    private readonly Model _model = Stack(4);
    private readonly NetworkAnalysis _network;
    private readonly IReadOnlyList<IReadOnlyDictionary<string, Tensor>> _inputs;

    public BlockDamageTests() => (_network, _inputs) = (NetworkAnalysis.Of(_model), Networks.Inputs(_model, 1, 8));

    [Fact]
    public void A_blocks_damage_is_what_its_removal_leaves_after_repair()
    {
        var names = new NodeNames(_model.Graph);

        foreach (var (block, damage) in Measure().Select(b => (b.Block, b.Damage)))
        {
            var plan = new PruningPlan([names.Of(block.Join)], [], false);
            var plain = Pruner.Apply(_model, plan);
            var repaired = CalibratedPruning.Apply(NetworkAnalysis.Of(_model), plan, true, _inputs, s_settings, Seed).Model;

            // The repair goes on behind the next block, and the measurement does not.
            var (worst, best) =
                (Networks.Divergence(_model, plain, _inputs, s_settings), Networks.Divergence(_model, repaired, _inputs, s_settings));
            Assert.InRange(damage, best / 2, worst);
        }
    }

    [Fact]
    public void Neighbours_are_measured_together()
    {
        var damages = Measure();
        var pair = damages.First(d => d.Together is not null);
        var next = damages.First(d => d.Block == pair.Together!.Value.Next);

        Assert.Equal(pair.Block.Join.Output, next.Block.Join.Required(1 - next.Block.BranchInput).Producer!.Required(0));
        Assert.True(pair.Together!.Value.Damage > Math.Max(pair.Damage, next.Damage));
    }

    [Fact]
    public void Measuring_changes_nothing() => Assert.Equal(Measure().Select(d => d.Damage), Measure().Select(d => d.Damage));

    [Fact]
    public void Two_threads_measure_what_one_does()
    {
        var (alone, together) = (Candidates(), Candidates(s_settings with { Threads = 2 }));

        foreach (var target in (string[])["macs=80%", "macs=55%"])
        {
            Assert.Equal(Plan(alone, target).ToJson(), Plan(together, target).ToJson());
        }

        Assert.Equal(Measure().Select(d => d.Damage), Measure(s_settings with { Threads = 2 }).Select(d => d.Damage));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    [InlineData(false, 2)]
    public void Blocks_are_weighed_by_what_plans_lead_to(bool likesBlocks, int threads)
    {
        var tried = new ConcurrentBag<int>();
        for (var percent = 90; tried.IsEmpty; percent -= 5)
        {
            var target = $"macs={percent}%";
            var weighed = BlockWeight.Tune(_network, Candidates(), [Target.Parse(target)], plan =>
            {
                tried.Add(plan.Blocks.Count);
                return likesBlocks ? -plan.Blocks.Count : plan.Blocks.Count;
            }, threads);

            // Where all weights lead to the same plan, nothing is tried.
            if (!tried.IsEmpty)
            {
                Assert.Equal(likesBlocks ? tried.Max() : tried.Min(), Plan(weighed, target).Blocks.Count);
            }
        }
    }

    [Fact]
    public void A_rehearsal_tells_a_small_cut_from_a_large_one()
    {
        var candidates = Candidates();

        var (small, large) = (Rehearse("macs=85%"), Rehearse("macs=40%"));

        Assert.InRange(small, double.Epsilon, large);

        double Rehearse(string target) =>
            PlanTrial.Evaluate(_network, Plan(candidates, target), _inputs, s_settings, Seed);
    }

    [Fact]
    public void Several_rehearsals_of_one_model_can_run_at_once()
    {
        var plan = Plan(Candidates(), "macs=60%");
        var alone = PlanTrial.Evaluate(NetworkAnalysis.Of(_model), plan, _inputs, s_settings, Seed);
        var bytes = OnnxFile.ToBytes(_model);

        var together = new double[4];
        Parallel.For(0, together.Length, i =>
            together[i] = PlanTrial.Evaluate(NetworkAnalysis.Of(_model), plan, _inputs, s_settings, Seed));

        Assert.All(together, damage => Assert.Equal(alone, damage));
        Assert.Equal(bytes, OnnxFile.ToBytes(_model));
    }

    private CutCandidates Candidates(SessionSettings? settings = null) =>
        CutSensitivity.Measure(_network, s_request, _inputs, _inputs, settings ?? s_settings, Seed);

    private PruningPlan Plan(CutCandidates candidates, string target) => Planner.Plan(_network, candidates, [Target.Parse(target)]);

    private IReadOnlyList<BlockDamage> Measure(SessionSettings? settings = null)
    {
        var graph = ChannelFlow.Through(_model);
        var readers = graph.Groups.SelectMany(g => g.Consumers).Select(r => r.Node).ToHashSet();
        var meter = new SensitivityAnalysis(
            graph, LayerStatistics.Collect(_model, graph.Constants, readers, _inputs, s_settings, Seed), settings ?? s_settings);
        var blocks = BlockFinder.Find(_model, graph.Constants).Where(b => b.Obstacle is null).ToArray();
        return meter.Measure([], blocks, s_request.Rounding, _inputs, null, CancellationToken.None).Blocks;
    }

    private static Model Stack(int blocks)
    {
        var g = new TestGraph(5);
        var x = g.ConvBnRelu(g.Input(3, 8, 8), 16);
        for (var i = 0; i < blocks; i++)
        {
            x = g.Relu(g.Add(x, g.BatchNorm(g.Conv(g.ConvBnRelu(x, 16), 16, bias: false))));
        }

        g.Classify(x, 4);
        return ModelCopy.WithShapes(g.Build());
    }
}
