using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Latency;

public sealed class InterleavedBenchmarkTests
{
    private static byte[] Squarings(int count)
    {
        var model = new TinyModel().Input("x0 float [256, 256]").Output($"x{count} float");
        for (var i = 0; i < count; i++)
        {
            model.Node($"x{i + 1} = MatMul(x{i}, x{i})");
        }

        return model.ToBytes();
    }

    private static readonly Dictionary<string, Tensor> Input = new() { ["x0"] = Tensor.Of(new float[256 * 256], 256, 256) };

    [Fact]
    public void A_model_with_a_fraction_of_the_work_is_faster()
    {
        using var large = OnnxSession.Open(Squarings(16), settings: new SessionSettings { Threads = 1 });
        using var small = OnnxSession.Open(Squarings(2), settings: new SessionSettings { Threads = 1 });

        var report = InterleavedBenchmark.Run([large, small], Input, new RaceSettings { Budget = TimeSpan.FromSeconds(0.5) });

        // Eight times the work; even a busy machine leaves twice the time.
        Assert.True(report.Speedup > 2, $"{report.Speedup}");
        Assert.True(report.Rounds >= 5);
        Assert.Equal(256, report.Batch);
        Assert.All(report.Racers, r => Assert.True(0 < r.P50Milliseconds && r.P50Milliseconds <= r.P90Milliseconds));
        Assert.Equal((1, 1), (report.Racers[0].Ratio, report.Racers[0].QuietRatio));
        Assert.True(report.Racers[1].QuietRatio < 0.5, $"{report.Racers[1].QuietRatio}");
    }

    [Fact]
    public void A_race_can_be_cancelled()
    {
        using var session = OnnxSession.Open(Squarings(1));

        Assert.Throws<OperationCanceledException>(() =>
            InterleavedBenchmark.Run([session], Input, cancellation: new CancellationToken(true)));
    }

    [Theory]
    [InlineData(null, 2.5, 1000)]
    [InlineData("nonsense", 2.5, 1000)]
    [InlineData("0", 2.5, 1000)]
    [InlineData("0.1", 0.1, 1000)]
    [InlineData("20", 20, 8000)]
    public void A_race_lasts_as_long_as_is_asked_for(string? text, double seconds, int rounds)
    {
        var settings = RaceSettings.Reported(text);

        Assert.Equal((seconds, rounds), (settings.Budget.TotalSeconds, settings.MostRounds));
    }

    [Fact]
    public void Quantiles_interpolate()
    {
        Assert.Equal(2.5, InterleavedBenchmark.Quantile([4, 1, 3, 2], 0.5));
        Assert.Equal(9, InterleavedBenchmark.Quantile([0, 10, 5, 2, 1, 3, 4, 6, 7, 8, 9], 0.9), 9);
    }
}
