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

    /// <summary>The numbers are those of PyTorch's OneCycleLR (max_lr=1, total_steps=10).</summary>
    [Fact]
    public void One_cycle_rises_for_its_warm_up_and_falls_to_almost_nothing()
    {
        var rate = new LearningRate(1, Decay.OneCycle, 0);

        Assert.Equal(
            [0.04, 0.52, 1, 0.950485, 0.811746, 0.000004], new long[] { 0, 1, 2, 3, 4, 9 }.Select(s => Math.Round(rate.At(s, 10), 6)));
        Assert.Equal([0.04, 1, 0.000004], new long[] { 0, 4, 9 }.Select(s => Math.Round((rate with { WarmUp = 0.5 }).At(s, 10), 6)));
    }
}
