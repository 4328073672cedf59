using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;

namespace OnnxPrune.Repair;

/// <summary>
/// Linear regression that is pulled towards weights that are already good: min Σ‖t − Wᵀa − b‖² + λ‖W − W₀‖². λ is a multiple of the
/// features' mean variance, so that it scales with the data, and the multiple is chosen by what it gives on samples that the fit has not
/// seen.
/// </summary>
internal static class RidgeRegression
{
    /// <summary>The multiples that are tried; infinity keeps the original weights.</summary>
    public static IReadOnlyList<double> Strengths { get; } = [1e-3, 1e-2, 3e-2, 1e-1, 3e-1, double.PositiveInfinity];

    // A large regression is solved often enough with three.
    private const int MostForAllStrengths = 768;

    private const double MostStrength = 1e6;

    private static IReadOnlyList<double> FewStrengths { get; } = [1e-2, 1e-1, double.PositiveInfinity];

    // For a fit that is only to be compared with others.
    private static IReadOnlyList<double> RoughStrengths { get; } = [3e-2, double.PositiveInfinity];

    /// <summary>The problem to be fitted.</summary>
    /// <param name="A">The sums over one half of the samples.</param>
    /// <param name="B">The sums over the other.</param>
    /// <param name="Prior">W₀ [F, M].</param>
    public sealed record Problem(NormalEquations A, NormalEquations B, Matrix<double> Prior);

    /// <summary>
    /// A fit: weights [F, M], intercept [M], the chosen strength, and the share of the targets' variation that is left unexplained.
    /// </summary>
    public sealed record Fit(Matrix<double> Weights, double[] Intercept, double Strength, double Unexplained);

    /// <summary>
    /// Solves regressions that share one strength, such as the groups of a layer: what single ones see is too little to choose by.
    /// </summary>
    /// <param name="isRough">Whether it is enough to choose between one strength and none of the fit.</param>
    public static IReadOnlyList<Fit> Solve(IReadOnlyList<Problem> problems, bool isRough = false)
    {
        var strengths = isRough ? RoughStrengths : problems.Max(p => p.A.Features) > MostForAllStrengths ? FewStrengths : Strengths;
        var errors = new double[strengths.Count];
        Parallel.For(0, errors.Length, i => errors[i] = problems.Sum(p => HeldOut(p.A, p.B, p.Prior, strengths[i])));
        var best = strengths.Zip(errors).MinBy(p => p.Second).First;
        return [.. problems.Select(p =>
        {
            var all = new NormalEquations(p.A.Features, p.A.Targets);
            all.Add(p.A);
            all.Add(p.B);
            var weights = Weights(all, p.Prior, best);
            var intercept = all.Intercept(weights);
            return new Fit(
                weights, intercept, best, all.SquaredError(weights, intercept) / Math.Max(all.TargetVariation(), double.Epsilon));
        })];
    }

    /// <summary>The same with a strength that is given.</summary>
    public static Matrix<double> Solve(NormalEquations sums, Matrix<double> prior, double strength) => Weights(sums, prior, strength);

    private static double HeldOut(NormalEquations fit, NormalEquations judge, Matrix<double> prior, double strength)
    {
        if (fit.Samples == 0 || judge.Samples == 0)
        {
            return 0;
        }

        var weights = Weights(fit, prior, strength);
        return judge.SquaredError(weights, fit.Intercept(weights));
    }

    private static Matrix<double> Weights(NormalEquations sums, Matrix<double> prior, double strength)
    {
        if (double.IsPositiveInfinity(strength) || sums.Features == 0)
        {
            return prior;
        }

        var covariance = sums.Covariance();
        var cross = sums.CrossCovariance();
        var scale = Math.Max(covariance.Trace() / sums.Features, 1e-12 * sums.Samples);

        // The sums of a batch are made in single precision: where means are far larger than variations, rounding can outweigh a weak pull.
        for (; double.IsFinite(scale) && strength < MostStrength; strength *= 10)
        {
            var damped = covariance.Clone();
            for (var i = 0; i < sums.Features; i++)
            {
                damped[i, i] += strength * scale;
            }

            if (CholeskyFactor.TryFactor(damped) is { } factor)
            {
                return factor.Solve(cross + (prior * (strength * scale)));
            }
        }

        return prior;
    }
}
