using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Repair;

namespace OnnxPrune.Tests.Repair;

public sealed class RegressionTests
{
    // Sums come in single precision; QR works in double.
    private const double Rounding = 1e-4;

    // A pull so weak that the fit is plain least squares.
    private const double Weak = 1e-9;

    private static readonly int[] s_all = [0, 1, 2, 3, 4, 5];

    [Fact]
    public void Weak_ridge_is_least_squares()
    {
        var samples = new Samples(1, 200, 6, 3);
        var sums = samples.Sums(0, 200);

        var weights = RidgeRegression.Solve(sums, Matrix<double>.Build.Dense(6, 3), Weak);

        var (expected, intercept) = samples.Fit(s_all);
        Assert.True((weights - expected).L2Norm() < Rounding);
        Assert.All(sums.Intercept(weights).Zip(intercept), p => Assert.Equal(p.Second, p.First, Rounding));
    }

    [Fact]
    public void Selected_features_fit_as_if_the_others_had_never_been()
    {
        int[] some = [4, 1, 2];
        var samples = new Samples(2, 200, 6, 3);

        var weights = RidgeRegression.Solve(samples.Sums(0, 200).Select(some), Matrix<double>.Build.Dense(3, 3), Weak);

        Assert.True((weights - samples.Fit(some).Weights).L2Norm() < Rounding);
    }

    [Fact]
    public void Squared_error_and_variation_are_those_of_the_samples()
    {
        var samples = new Samples(3, 150, 6, 2);
        var sums = samples.Sums(0, 80);
        sums.Add(samples.Sums(80, 70));
        double[] intercept = [0.5, -1];

        Assert.Equal(150, sums.Samples);
        Assert.Equal(1, sums.SquaredError(samples.Weights, intercept) / samples.SquaredError(samples.Weights, intercept, s_all), Rounding);
        var spread = Enumerable.Range(0, 2).Sum(m => (samples.T.Column(m) - samples.T.Column(m).Average()).Sum(x => x * x));
        Assert.Equal(1, sums.TargetVariation() / spread, Rounding);
    }

    [Fact]
    public void Strong_pull_keeps_the_prior()
    {
        var samples = new Samples(4, 100, 6, 2);
        var prior = Matrix<double>.Build.Dense(6, 2, (i, j) => i - j);

        Assert.True((RidgeRegression.Solve(samples.Sums(0, 100), prior, 1e9) - prior).L2Norm() < Rounding);
        Assert.Same(prior, RidgeRegression.Solve(samples.Sums(0, 100), prior, double.PositiveInfinity));
    }

    [Fact]
    public void Strength_falls_with_what_the_samples_tell()
    {
        // Given: a prior that is right, seen through few samples; and one that is wrong, seen through many.
        var few = new Samples(5, 10, 6, 3);
        var many = new Samples(5, 400, 6, 3);

        var cautious = RidgeRegression.Solve([new RidgeRegression.Problem(few.Sums(0, 5), few.Sums(5, 5), few.Weights)])[0];
        var bold = RidgeRegression.Solve(
            [new RidgeRegression.Problem(many.Sums(0, 200), many.Sums(200, 200), Matrix<double>.Build.Dense(6, 3))])[0];

        Assert.Equal(double.PositiveInfinity, cautious.Strength);
        Assert.Equal(RidgeRegression.Strengths[0], bold.Strength);
        Assert.InRange(bold.Unexplained, 0, 0.1);
    }

    [Fact]
    public void Sums_that_are_no_numbers_keep_the_prior()
    {
        var sums = new NormalEquations(1, 1);
        sums.Add([float.NaN], [1], [1], [1], 1, 1);
        var prior = Matrix<double>.Build.Dense(1, 1, 7);

        Assert.Same(prior, RidgeRegression.Solve(sums, prior, 1e-3));
    }

    [Fact]
    public void Rounding_that_makes_the_covariance_indefinite_is_outweighed()
    {
        // Given: features that are the same but for rounding.
        var sums = new NormalEquations(2, 1);
        sums.Add([1, 1.01f, 1.01f, 1], [1, 1], [0, 0], [0], 1, 10);

        var weights = RidgeRegression.Solve(sums, Matrix<double>.Build.Dense(2, 1), 1e-3);

        Assert.All(weights.Enumerate(), w => Assert.True(double.IsFinite(w)));
    }
}
