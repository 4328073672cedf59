using OnnxPrune.Training.Steps;

namespace OnnxPrune.Training.Tests.Steps;

public sealed class LearningRateTests
{
    [Fact]
    public void Steps_divide_by_ten_at_a_half_and_at_three_quarters()
    {
        var rate = new LearningRate(0.1, Decay.Steps, 0);

        Assert.Equal([0.1, 0.1, 0.01, 0.001, 0.001], new long[] { 0, 49, 50, 75, 99 }.Select(s => Math.Round(rate.At(s, 100), 6)));
    }

    [Fact]
    public void A_cosine_rises_during_the_warm_up_and_ends_near_zero()
    {
        var rate = new LearningRate(1, Decay.Cosine, 0.1);

        Assert.Equal([0.1, 1, 1, 0.5], new long[] { 0, 9, 10, 55 }.Select(s => Math.Round(rate.At(s, 100), 6)));
        Assert.InRange(rate.At(99, 100), 0, 0.001);
    }
}
