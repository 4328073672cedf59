using OnnxPrune.Importance;
using OnnxPrune.Tests.Repair;

namespace OnnxPrune.Tests.Importance;

public sealed class OptimalBrainSurgeonTests
{
    private const int Count = 400;

    // Damping so small that only rounding is left of it.
    private const double Damping = 1e-10;
    private const double Rounding = 1e-3;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Cost_is_what_least_squares_loses_without_the_channel(int taps)
    {
        var (samples, surgeon) = Given(taps);
        var whole = samples.Fit(Features([.. Enumerable.Range(0, 6 / taps)], taps));
        var before = samples.SquaredError(whole.Weights, whole.Intercept, Features([.. Enumerable.Range(0, 6 / taps)], taps));

        for (var channel = 0; channel < surgeon.Channels; channel++)
        {
            var rest = Features([.. Enumerable.Range(0, 6 / taps).Where(c => c != channel)], taps);
            var fit = samples.Fit(rest);
            var increase = (samples.SquaredError(fit.Weights, fit.Intercept, rest) - before) / Count;
            Assert.Equal(1, surgeon.CostOf(channel) / increase, Rounding);
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public void What_is_left_is_fitted_anew_without_the_removed_channels(int taps, bool together)
    {
        var (samples, surgeon) = Given(taps);

        if (together)
        {
            surgeon.Remove(0, 2);
        }
        else
        {
            surgeon.Remove(2);
            surgeon.Remove(0);
        }

        var rest = Features([.. Enumerable.Range(0, 6 / taps).Except([0, 2])], taps);
        var expected = samples.Fit(rest).Weights;
        var weights = surgeon.Weights();
        for (var i = 0; i < rest.Length; i++)
        {
            Assert.True((weights.Row(rest[i]) - expected.Row(i)).L2Norm() < Rounding);
        }

        Assert.All(Enumerable.Range(0, 6).Except(rest), f => Assert.Equal(0, weights.Row(f).L2Norm()));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 0, 2)]
    [InlineData(2, 0)]
    public void Cost_of_the_next_channel_counts_that_others_are_gone(int taps, params int[] gone)
    {
        var (samples, surgeon) = Given(taps);

        surgeon.Remove(gone);

        int[] left = [.. Enumerable.Range(0, 6 / taps).Except(gone)];
        foreach (var channel in left)
        {
            var increase = (Error([.. left.Where(c => c != channel)]) - Error(left)) / Count;
            Assert.Equal(1, surgeon.CostOf(channel) / increase, Rounding);
        }

        double Error(int[] channels)
        {
            var features = Features(channels, taps);
            var fit = samples.Fit(features);
            return samples.SquaredError(fit.Weights, fit.Intercept, features);
        }
    }

    [Theory]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void Covariances_that_rounding_or_overflow_spoiled_still_give_costs(double shared)
    {
        var covariance = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.DenseOfArray(new[,] { { 1, shared }, { shared, 1 } });

        var surgeon = new OptimalBrainSurgeon(covariance, MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(2, 1, 1), 1, 1e-9);

        Assert.True(double.IsFinite(surgeon.CostOf(0)));
    }

    private static (Samples Samples, OptimalBrainSurgeon Surgeon) Given(int taps)
    {
        var samples = new Samples(7, Count, 6, 3);
        var weights = samples.Fit(0, 1, 2, 3, 4, 5).Weights;
        return (samples, new OptimalBrainSurgeon(samples.Sums(0, Count).Covariance() / Count, weights, taps, Damping));
    }

    private static int[] Features(int[] channels, int taps) => [.. channels.SelectMany(c => Enumerable.Range(c * taps, taps))];
}
