using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Runtime.Tests.Latency;

public sealed class MedianIntervalTests
{
    // The ranks of the sign test's table for 95 %.
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 1, 5)]
    [InlineData(6, 1, 6)]
    [InlineData(10, 2, 9)]
    [InlineData(20, 6, 15)]
    [InlineData(100, 40, 61)]
    public void Ranks_are_those_of_the_sign_test(int count, int low, int high) =>
        Assert.Equal((low, high), MedianInterval.Of(Enumerable.Range(1, count).Select(i => (double)i)));

    [Fact]
    public void It_holds_the_median_of_a_series_nineteen_times_in_twenty()
    {
        // given: noise in stretches, whose median is 1
        var random = new Random(2);
        var held = 0;
        for (var i = 0; i < 400; i++)
        {
            var series = new double[200];
            for (var j = 0; j < series.Length; j++)
            {
                series[j] = j % 5 == 0 ? Math.Exp(random.NextDouble() - 0.5) : series[j - 1];
            }

            held += MedianInterval.OfSeries(series) is var (low, high) && low <= 1 && 1 <= high ? 1 : 0;
        }

        Assert.InRange(held / 400.0, 0.9, 1);
    }
}
