using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Repair;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Repair;

/// <summary>Random samples of a linear regression: correlated features with means, targets that are nearly linear in them.</summary>
internal sealed class Samples
{
    public Samples(int seed, int count, int features, int targets)
    {
        var random = new Random(seed);
        var mix = Matrix<double>.Build.Dense(features, features, (i, j) => (i == j ? 1 : 0) + (0.4 * RandomWeights.Normal(random)));
        A = (Matrix<double>.Build.Dense(count, features, (_, _) => RandomWeights.Normal(random)) * mix)
            .Map(x => Math.Round((x + 0.5) * 64) / 64);
        Weights = Matrix<double>.Build.Dense(features, targets, (_, _) => RandomWeights.Normal(random));
        T = ((A * Weights) + Matrix<double>.Build.Dense(count, targets, (_, _) => 1 + (0.3 * RandomWeights.Normal(random))))
            .Map(x => Math.Round(x * 64) / 64);
    }

    /// <summary>[samples, F]; multiples of 1/64, so that sums are exact in single precision too.</summary>
    public Matrix<double> A { get; }

    /// <summary>[samples, M].</summary>
    public Matrix<double> T { get; }

    public Matrix<double> Weights { get; }

    public NormalEquations Sums(int from, int count)
    {
        var (a, t) = (A.SubMatrix(from, count, 0, A.ColumnCount), T.SubMatrix(from, count, 0, T.ColumnCount));
        var sums = new NormalEquations(A.ColumnCount, T.ColumnCount);
        sums.Add(
            Floats(a.Transpose() * a),
            Floats(t.Transpose() * a),
            Array.ConvertAll(a.ColumnSums().ToArray(), x => (float)x),
            Array.ConvertAll(t.ColumnSums().ToArray(), x => (float)x),
            t.Enumerate().Sum(x => x * x),
            count);
        return sums;
    }

    /// <summary>Least squares with an intercept, by QR, on some of the features.</summary>
    public (Matrix<double> Weights, double[] Intercept) Fit(params int[] features)
    {
        var columns = features.Select(A.Column).Append(Vector<double>.Build.Dense(A.RowCount, 1)).ToArray();
        var solution = Matrix<double>.Build.DenseOfColumnVectors(columns).QR().Solve(T);
        return (solution.SubMatrix(0, features.Length, 0, T.ColumnCount), solution.Row(features.Length).ToArray());
    }

    public double SquaredError(Matrix<double> weights, double[] intercept, params int[] features)
    {
        var a = Matrix<double>.Build.DenseOfColumnVectors(features.Select(A.Column));
        var error = (a * weights) - T;
        return Enumerable.Range(0, T.ColumnCount).Sum(m => (error.Column(m) + intercept[m]).Sum(x => x * x));
    }

    private static float[] Floats(Matrix<double> matrix) => Array.ConvertAll(matrix.ToRowMajorArray(), x => (float)x);
}
