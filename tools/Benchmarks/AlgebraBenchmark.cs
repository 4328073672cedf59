using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;
using OnnxPrune.Importance;

namespace Benchmarks;

/// <summary>
/// The dense algebra of a calibration, at the sizes of a ResNet-50's layers: seconds, and how many multiplications per second. What remains
/// slow here is slow for every wide network.
/// </summary>
internal sealed class AlgebraBenchmark(int rounds)
{
    // Inputs times elements of the window, outputs, and elements per channel: a stage's first 1x1 layers, a last 1x1 layer, and 3x3 layers
    // by taps and by channels.
    private static readonly (
        int Features, int Outputs, int Taps)[] s_layers = [(1024, 256, 1), (2048, 512, 1), (512, 2048, 1), (1152, 128, 9), (512, 4608, 1)];

    public int Run()
    {
        Console.WriteLine(
            "| features x outputs | elements per channel | factor (s) | inverse (s) | product (s) | 7 of 8 channels taken (s) | 10⁹ "
                + "multiplications per second |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach (var (features, outputs, taps) in s_layers)
        {
            var (covariance, weights) = Problem(features, outputs);
            CholeskyFactor? factor = null;
            var factoring = Median(() => factor = CholeskyFactor.TryFactor(covariance));
            var inverting = Median(() => factor!.Inverse());
            var multiplying = Median(() => DenseProduct.Of(covariance, weights));
            var taking = Median(() => Take(new OptimalBrainSurgeon(covariance, weights, taps)));
            double n = features;
            double[] rates = [n * n * n / 6 / factoring, n * n * n / 2 / inverting, n * n * outputs / multiplying];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {features} x {outputs} | {taps} | {factoring:0.000} | {inverting:0.000} | {multiplying:0.000} | {taking:0.00} | "
                    + $"{string.Join(", ", rates.Select(r => $"{r / 1e9:0.0}"))} |"));
        }

        return 0;
    }

    /// <summary>The same steps as calibrated planning: of a hundred channels one at a time, of a thousand eight.</summary>
    private static void Take(OptimalBrainSurgeon surgeon)
    {
        var left = Enumerable.Range(0, surgeon.Channels).ToList();
        while (left.Count > surgeon.Channels / 8)
        {
            var next = left.OrderBy(surgeon.CostOf).Take(1 + (left.Count / 128)).ToHashSet();
            surgeon.Remove([.. next]);
            left.RemoveAll(next.Contains);
        }
    }

    private double Median(Action work)
    {
        var seconds = new double[rounds];
        for (var i = 0; i < rounds; i++)
        {
            var watch = Stopwatch.StartNew();
            work();
            seconds[i] = watch.Elapsed.TotalSeconds;
        }

        return seconds.Order().ElementAt(rounds / 2);
    }

    /// <summary>Random features, of which neighbours move together.</summary>
    private static (Matrix<double> Covariance, Matrix<double> Weights) Problem(int features, int outputs)
    {
        var random = new Random(features + outputs);
        var covariance = Matrix<double>.Build.Dense(features, features, (i, j) => Math.Pow(0.9, Math.Abs(i - j)));
        return (covariance, Matrix<double>.Build.Dense(features, outputs, (_, _) => random.NextDouble() - 0.5));
    }
}
