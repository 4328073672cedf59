using OnnxPrune.Importance;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

public sealed class ScoredCutsTests
{
    private static readonly PruneRequest s_request = new() { Rounding = new Rounding(2), Criterion = new FilterNorm(2) };

    private readonly NetworkAnalysis _network =
        NetworkAnalysis.Of(ModelCopy.WithShapes(OnnxFile.Read(Path.Combine(SharedFiles.Root, "models", "resnet20_cifar_A.onnx"))));

    [Fact]
    public void Damage_of_a_group_is_its_share_of_the_score_once_squared_for_all_its_readers()
    {
        var candidates = ScoredCuts.Of(_network, s_request with { AbsorbMeans = false }).Candidates;

        Assert.NotEmpty(candidates.Groups);
        Assert.All(candidates.Groups, damage =>
        {
            var group = _network.Channels.Groups[damage.Group];
            var scores = group.Channels.Zip(new FilterNorm(2).Score(_network.Channels, group)!).ToDictionary();
            var readers = group.Consumers.Select(r => r.Node).Distinct().Count();
            Assert.All(damage.Options, option =>
            {
                var gone = damage.Order.Take(group.Channels.Count - option.Kept).Sum(c => scores[c]);
                Assert.Equal(readers * readers * gone / scores.Values.Sum(), option.Damage, 1e-9);
            });
            Assert.Equal(damage.Options.Select(o => o.Damage).Order(), damage.Options.Select(o => o.Damage));
        });
    }

    [Fact]
    public void Scores_that_compare_across_groups_are_taken_as_they_are()
    {
        var cuts = ScoredCuts.Of(_network, s_request with { RanksGlobally = true });

        Assert.True(cuts.Candidates.CountChannels);
        Assert.All(cuts.Candidates.Groups, damage =>
        {
            var group = _network.Channels.Groups[damage.Group];
            var scores = group.Channels.Zip(new FilterNorm(2).Score(_network.Channels, group)!).ToDictionary();
            var whole = group.Channels.Count;
            Assert.Equal(damage.Order.Take(whole - damage.Options[0].Kept).Sum(c => scores[c]), damage.Options[0].Damage, 1e-9);
        });
    }

    [Theory]
    [InlineData("macs=70%")]
    [InlineData("params=60%")]
    public void Where_scores_compare_across_groups_no_channel_goes_in_place_of_a_weaker_one(string text)
    {
        // given: multiples of one channel, so that every channel is a step
        var request = s_request with { RanksGlobally = true, Rounding = new Rounding(1), Targets = [Target.Parse(text)] };

        // when
        var plan = Planner.Plan(_network, request);

        // then: what was cut last may have been given back since
        var gone = PlanLookup.Channels(plan, _network.Channels);
        var scores = _network.Channels.Groups
            .Where(g => g.Channels.Count(c => !gone.Contains(c)) > 1)
            .SelectMany(g => g.Channels.Zip(new FilterNorm(2).Score(_network.Channels, g)!))
            .ToLookup(p => gone.Contains(p.First), p => p.Second);
        Assert.InRange(scores[true].Max(), 0, Nth(scores[false].Order(), scores[true].Count() / 10));

        static double Nth(IEnumerable<double> ordered, int n) => ordered.ElementAt(n);
    }

    [Fact]
    public void Learned_scores_of_blocks_decide_alone()
    {
        // given: the largest score is that of the first block, and so on
        var names = new NodeNames(_network.Model.Graph);
        var blocks = _network.Blocks.Where(b => b.Obstacle is null).Select(b => names.Of(b.Join)).ToArray();
        var request = s_request with
        {
            CutsChannels = false,
            CutsBlocks = true,
            BlockScores = blocks.Select((b, i) => (b, i)).ToDictionary(p => p.b, p => 1 - (0.1 * p.i)),
            Targets = [Target.Parse("macs=60%")],
        };

        var plan = Planner.Plan(_network, request);

        Assert.NotEmpty(plan.Blocks);
        Assert.Equal(blocks[^plan.Blocks.Count..].Order(), plan.Blocks.Order());
    }

    [Fact]
    public void Stream_of_a_stage_stays_whole_where_inner_channels_suffice()
    {
        var plan = Planner.Plan(_network, s_request with { Rounding = new Rounding(4), Targets = [Target.Parse("macs=75%")] });

        var gone = PlanLookup.Channels(plan, _network.Channels);
        var cut = _network.Channels.Groups.Where(g => g.Channels.Any(gone.Contains)).ToArray();
        Assert.NotEmpty(cut);
        Assert.All(cut, g => Assert.Single(g.Producers));
    }
}
