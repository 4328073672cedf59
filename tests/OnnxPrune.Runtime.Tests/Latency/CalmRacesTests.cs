using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Tests.Latency;

public sealed class CalmRacesTests
{
    private static readonly Model s_network =
        OnnxFile.FromBytes(new TinyModel().Input("x float [4]").Output("y float").Node("y = Relu(x)").ToBytes());

    [Fact]
    public void A_race_is_repeated_until_it_is_calm()
    {
        var said = new Queue<LatencyReport>([Race(0.7, 1), Race(0.5, 0.1), Race(0.6, 0)]);

        Assert.Equal(0.5, Said(new CalmRaces((_, _) => said.Dequeue())));
        Assert.Single(said);
    }

    [Fact]
    public void Rounds_that_disagree_are_a_disturbance_too()
    {
        var said = new Queue<LatencyReport>([Race(0.7, null, 0.2), Race(0.5, null, 0.01)]);

        Assert.Equal(0.5, Said(new CalmRaces((_, _) => said.Dequeue())));
    }

    [Fact]
    public void The_calmest_counts_where_none_is_calm()
    {
        var said = new Queue<LatencyReport>([Race(0.7, 1), Race(0.5, 0.5), Race(0.6, 0.8)]);

        Assert.Equal(0.5, Said(new CalmRaces((_, _) => said.Dequeue())));
    }

    [Fact]
    public void A_race_that_no_disturbance_can_have_decided_is_not_repeated()
    {
        var races = 0;

        new CalmRaces((_, _) => Race(++races, 1)).Race(s_network, PairedBenchmark.Short, _ => false);

        Assert.Equal(1, races);
    }

    [Fact]
    public void A_machine_that_never_is_quiet_ends_the_repetitions()
    {
        var races = 0;
        var calm = new CalmRaces((_, _) => Race(++races, 1));

        for (var i = 0; i < 20; i++)
        {
            Said(calm);
        }

        Assert.Equal(20 + CalmRaces.MostInAll, races);
    }

    private static double Said(CalmRaces races) => races.Race(s_network, PairedBenchmark.Short, _ => true).Racers[^1].Ratio;

    private static LatencyReport Race(double ratio, double? others, double width = 0) =>
        new([new("m", 1, 1, 1), new("m", ratio, ratio, ratio) { RatioHigh = ratio * (1 + width) }], 100, 1, "a machine")
        {
            CoresOfOthers = others,
        };
}
