using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Runtime.Tests.Latency;

public sealed class TimeTargetTests
{
    [Theory]
    [InlineData("latency=50%", TimeTargetKind.Share, 0.5, "latency=50%")]
    [InlineData("latency=0.25", TimeTargetKind.Share, 0.25, "latency=25%")]
    [InlineData("latency=3ms", TimeTargetKind.Milliseconds, 3, "latency=3ms")]
    [InlineData(" Latency = 3.5 MS ", TimeTargetKind.Milliseconds, 3.5, "latency=3.5ms")]
    [InlineData("latency=250us", TimeTargetKind.Milliseconds, 0.25, "latency=0.25ms")]
    [InlineData("latency=2s", TimeTargetKind.Milliseconds, 2000, "latency=2000ms")]
    [InlineData("speedup=2", TimeTargetKind.Speedup, 2, "speedup=2")]
    [InlineData("speedup=1.25x", TimeTargetKind.Speedup, 1.25, "speedup=1.25")]
    internal void A_target_is_read_and_written(string text, TimeTargetKind kind, double amount, string written)
    {
        Assert.True(TimeTarget.IsMeantBy(text));
        var target = TimeTarget.Parse(text);
        Assert.Equal(kind, target.Kind);
        Assert.Equal(amount, target.Amount, 12);
        Assert.Equal(written, target.ToString());
    }

    [Theory]
    [InlineData("latency")]
    [InlineData("latency=")]
    [InlineData("latency=0%")]
    [InlineData("latency=150%")]
    [InlineData("latency=3")]
    [InlineData("latency=-3ms")]
    [InlineData("latency=0ms")]
    [InlineData("latency=ms")]
    [InlineData("latency=NaN")]
    [InlineData("latency=3min")]
    [InlineData("speedup")]
    [InlineData("speedup=0")]
    [InlineData("speedup=0.9")]
    [InlineData("speedup=50%")]
    [InlineData("speedup=fast")]
    [InlineData("speedup=2=3")]
    public void What_is_no_target_is_refused_with_examples(string text)
    {
        var e = Assert.Throws<UsageException>(() => TimeTarget.Parse(text));
        Assert.Equal($"'{text}' is no target of time; write latency=50%, latency=3ms or speedup=2.", e.Message);
    }

    [Theory]
    [InlineData("macs=50%")]
    [InlineData("")]
    [InlineData("latencies=50%")]
    public void Targets_of_cost_are_not_meant(string text) => Assert.False(TimeTarget.IsMeantBy(text));

    [Fact]
    public void A_share_and_a_speedup_are_judged_by_the_interleaved_ratio_and_milliseconds_by_the_median()
    {
        // given: noise has made the medians tell another story than the rounds
        var racer = new RacerLatency("m", P50Milliseconds: 3, P90Milliseconds: 9, Ratio: 0.5);

        Assert.Equal(1, TimeTarget.Parse("latency=50%").Used(racer));
        Assert.Equal(1, TimeTarget.Parse("speedup=2").Used(racer));
        Assert.Equal(1.5, TimeTarget.Parse("latency=2ms").Used(racer));
    }
}
