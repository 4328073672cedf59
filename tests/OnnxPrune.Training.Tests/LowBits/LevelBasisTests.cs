using OnnxPrune.Testing;
using OnnxPrune.Training.LowBits;

namespace OnnxPrune.Training.Tests.LowBits;

public sealed class LevelBasisTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Weights_that_are_evenly_spaced_levels_are_fitted_without_error(int bits)
    {
        var levels = LevelBasis.Levels([.. Enumerable.Range(0, bits).Select(k => 0.1 * (1 << k))]);
        float[] weights = [.. Enumerable.Range(0, 200).Select(i => (float)levels[i % levels.Length])];

        Assert.InRange(Error(weights, LevelBasis.Fit(weights, bits)), 0, 1e-9);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Bell_shaped_weights_are_fitted_better_than_by_evenly_spaced_levels(int bits)
    {
        // given
        var random = new Random(bits);
        float[] weights = [.. Enumerable.Range(0, 500).Select(_ => (float)RandomWeights.Normal(random))];

        // when
        var fitted = Error(weights, LevelBasis.Fit(weights, bits));

        // then
        var even = Enumerable.Range(1, 100).Min(i =>
            Error(weights, [.. Enumerable.Range(0, bits).Select(k => i / 100.0 * 4 * (1 << k) / ((1 << bits) - 1))]));
        Assert.True(fitted < even, $"{fitted} and {even}");
    }

    [Fact]
    public void Zeros_stay_zeros() => Assert.Equal([0, 0, 0], LevelBasis.Fit(new float[20], 3));

    private static double Error(float[] weights, double[] basis)
    {
        var levels = LevelBasis.Levels(basis);
        return weights.Sum(w => levels.Min(l => (w - l) * (w - l)));
    }
}
