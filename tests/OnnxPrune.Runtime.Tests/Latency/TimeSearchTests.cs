using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Tests.Latency;

/// <summary>With races that are made up: a network takes a fifth of the original's time, and what its layers take besides.</summary>
public sealed class TimeSearchTests
{
    private const long Whole = 10_000;
    private const long Least = 1_000;
    private static readonly byte[] s_bytes = new TinyModel().Input("x float [4]").Output("y float").Node("y = Relu(x)").ToBytes();

    [Theory]
    [InlineData("speedup=2")]
    [InlineData("latency=40%")]
    [InlineData("latency=6ms")]
    public void A_network_that_lands_within_3_percent_of_what_was_asked_is_found(string target)
    {
        // given: every race is off by up to half a percent
        var noise = new Random(1);

        // when
        var found = Search(target, (ratio, _) => ratio * (1 + (0.01 * (noise.NextDouble() - 0.5)))).Find();

        // then
        Assert.True(found.IsKept);
        Assert.InRange(TimeTarget.Parse(target).Used(Racer(True(found.Found.Time))), 0.965, 1.005);
        Assert.InRange(found.Trials, 3, TimeSearch<long>.MostTrials + 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_target_is_not_out_of_reach_where_only_some_races_say_so(int disturbed)
    {
        // given: the smallest network keeps the target with little to spare, and looks half as slow again in its first races
        var races = 0;

        // when
        var found = Search("speedup=3.4", (ratio, time) => time == Least && races++ < disturbed ? 1.4 * ratio : ratio).Find();

        // then
        Assert.True(found.IsKept);
        Assert.True(found.Race!.Speedup >= 3.4);
    }

    [Fact]
    public void What_every_race_misses_is_out_of_reach_and_said_in_numbers()
    {
        var failure = Assert.Throws<TargetOutOfReachException>(() => Search("speedup=4", (ratio, _) => ratio).Find());

        Assert.StartsWith(
            "Target speedup=4 is out of reach: latency can go from 10.0 ms down to 2.800 ms, which is 28.0 % of the original or 3.57 times "
                + "as fast",
            failure.Message);
        var reach = Assert.Single(failure.Reaches);
        Assert.Equal((4, 1), (reach.Asked, reach.Original));
        Assert.Equal(1 / 0.28, reach.Best, 9);
    }

    [Fact]
    public void A_network_that_is_slower_when_it_is_finished_is_made_smaller()
    {
        // given: what is kept takes a tenth longer than what was raced on trial
        var found = Search("speedup=2", (ratio, _) => ratio, finished: 1.1).Find();

        Assert.True(found.IsKept);
        Assert.InRange(found.Race!.Speedup, 2, 2.06);
    }

    [Fact]
    public void A_network_that_is_faster_when_it_is_finished_is_made_larger()
    {
        var found = Search("speedup=2", (ratio, _) => ratio, finished: 0.9).Find();

        Assert.True(found.IsKept);
        Assert.InRange(found.Race!.Speedup, 2, 2.06);
    }

    [Fact]
    public void Sizes_whose_layers_together_are_slower_than_each_alone_are_stepped_over()
    {
        // given: what lies closest below the border for the layers is 8 % slower than they say
        var found = Search("speedup=2", (ratio, time) => time is > 3500 and < 3640 ? 1.08 * ratio : ratio).Find();

        Assert.True(found.IsKept);
        Assert.InRange(found.Race!.Speedup, 2, 2.06);
    }

    [Fact]
    public void A_coarse_staircase_ends_with_its_last_step_that_is_fast_enough()
    {
        var races = 0;

        var found = Search("speedup=2", (ratio, _) => ++races > 0 ? ratio : 0, step: 1500).Find();

        Assert.True(found.IsKept);
        Assert.Equal(3000, found.Found.Time);
        Assert.InRange(races, 1, 40);
    }

    [Theory]
    [InlineData("speedup=1.5")]
    [InlineData("speedup=2")]
    [InlineData("latency=30%")]
    public void What_is_kept_is_never_slower_than_asked_however_noisy_the_machine(string target)
    {
        for (var seed = 0; seed < 50; seed++)
        {
            // given: a third of the sessions is slow by a twentieth, and every race off by up to two hundredths
            var (noise, races) = (new Random(seed), 0);

            // when
            var found = Search(target, (ratio, _) =>
                ++races > 0 ? ratio * (noise.Next(3) == 0 ? 1.05 : 1) * (1 + (0.04 * (noise.NextDouble() - 0.5))) : 0).Find();

            // then
            Assert.True(!found.IsKept || TimeTarget.Parse(target).Used(found.Race!.Racers[^1]) <= 1, $"seed {seed}");
            Assert.InRange(TimeTarget.Parse(target).Used(Racer(True(found.Found.Time))), 0.93, 1.03);
            Assert.InRange(races, 1, 150);
        }
    }

    [Fact]
    public void A_disturbed_race_is_run_again_before_it_is_believed()
    {
        // given: for a while, others take a core, and what is raced looks half as slow again
        var races = 0;

        // when
        var found = Search("speedup=2", (ratio, _) => ratio, others: () => ++races is > 2 and < 8 ? 1 : 0).Find();

        // then
        Assert.True(found.IsKept);
        Assert.False(found.Race!.IsDisturbed);
        Assert.InRange(found.Race.Speedup, 2, 2.06);
    }

    [Fact]
    public void A_draft_is_judged_as_it_will_be_reported_where_nothing_disturbs()
    {
        // given: the fast runs of both flatter every network by a twentieth
        var finals = 0;

        // when
        var found = Search("speedup=2", (ratio, _) => ratio, quiet: 0.95, raced: s => finals += s == PairedBenchmark.Long ? 1 : 0).Find();

        // then
        Assert.True(found.IsKept);
        Assert.InRange(found.Race!.Speedup, 2, 2.06);
        Assert.InRange(finals, 1, 5);
    }

    [Fact]
    public void A_machine_that_is_never_quiet_ends_the_search_nevertheless()
    {
        var races = 0;

        var found = Search("speedup=2", (ratio, _) => ratio, others: () => ++races > 0 ? 1 : 0).Find();

        Assert.True(found.IsKept);
        Assert.InRange(races, 1, 50);
    }

    [Fact]
    public void The_original_is_enough_where_it_keeps_the_targets()
    {
        var found = Search("latency=20ms", (ratio, _) => ratio).Find();

        Assert.Null(found.Race);
        Assert.Equal(Whole, found.Found.Time);
    }

    [Fact]
    public void A_race_near_the_border_is_repeated_and_a_clear_one_is_not()
    {
        Assert.Equal(1, Races(0.5));
        Assert.Equal(1, Races(2));
        Assert.Equal(4, Races(1));
        Assert.Equal(2, Races(1.1));

        static int Races(double used) =>
            TimeTrial.Of(1, [1.5, 1.03, 1.01, 1.01], () => Report(Racer(used)), report => report.Racers[^1].Ratio).Races;
    }

    [Fact]
    public void Of_races_the_lower_median_counts()
    {
        var said = new Queue<double>([1.02, 0.99, 1.3, 1.005]);

        var trial = TimeTrial.Of(1, [1.5, 1.03, 1.01, 1.01], () => Report(Racer(said.Dequeue())), report => report.Racers[^1].Ratio);

        Assert.Equal((1.005, 0.99, 1.3, 4), (trial.Used, trial.Low, trial.High, trial.Races));
    }

    private static double True(long time) => 0.2 + (0.8 * time / Whole);

    private static RacerLatency Racer(double ratio) => new("m", 10 * ratio, 12 * ratio, ratio);

    private static LatencyReport Report(RacerLatency racer) => new([Racer(1), racer], 100, 1, "a machine");

    /// <param name="disturb">What a race says of a network that takes such a ratio and whose layers take so long.</param>
    /// <param name="finished">The factor by which what is kept is slower than its draft.</param>
    /// <param name="step">The step of the layers' time in which channels leave.</param>
    /// <param name="others">The cores that other programs take in the next race.</param>
    /// <param name="quiet">The factor by which the fast runs alone flatter a network.</param>
    /// <param name="raced">Is told of every race.</param>
    private static TimeSearch<long> Search(
        string target,
        Func<double, long, double> disturb,
        double finished = 1,
        long step = 40,
        Func<double>? others = null,
        double quiet = 1,
        Action<RaceSettings>? raced = null)
    {
        var candidates = new Candidates(step);
        return new TimeSearch<long>([TimeTarget.Parse(target)], candidates, (model, settings) =>
        {
            var (time, cores) = (candidates.Times[model], others?.Invoke() ?? 0);
            raced?.Invoke(settings);
            var racer = Racer(disturb(True(time), time) * (1 + (cores / 2)) * (candidates.Finished.Contains(model) ? finished : 1));
            return Report(racer with { QuietRatio = quiet * racer.Ratio }) with { CoresOfOthers = cores };
        });
    }

    private sealed class Candidates(long step) : ICandidates<long>
    {
        public Dictionary<Model, long> Times { get; } = [];

        public HashSet<Model> Finished { get; } = [];

        public long Smallest => Least;

        public bool IncludesOriginal => true;

        public Candidate<long> Draft(long? most)
        {
            // Channels leave in steps.
            var time = Math.Max(Least, (most ?? Whole) / step * step);
            var model = OnnxFile.FromBytes(s_bytes);
            Times.Add(model, time);
            return new Candidate<long>(time, model, time);
        }

        public Candidate<long> Final(long? most)
        {
            var candidate = Draft(most);
            Finished.Add(candidate.Model);
            return candidate;
        }
    }
}
