using System.Numerics.Tensors;
using OnnxPrune.Algebra;

namespace OnnxPrune.Moments;

/// <summary>A function of a normal variable, by its coefficients on the normalized Hermite polynomials of low order.</summary>
internal sealed class HermiteExpansion
{
    /// <summary>The number of coefficients.</summary>
    public const int Terms = 12;

    // The polynomials at the nodes, times the weights of these: a coefficient is one dot product.
    private static readonly double[][] s_weighted = Weighted();

    private readonly double[] _coefficients = new double[Terms];

    /// <param name="f">Of a normal variable.</param>
    /// <param name="mean">Of the variable.</param>
    /// <param name="deviation">Of the variable.</param>
    public HermiteExpansion(Func<double, double> f, double mean, double deviation)
    {
        Span<double> values = stackalloc double[NormalQuadrature.Count];
        NormalQuadrature.Evaluate(f, mean, deviation, values);
        for (var n = 0; n < Terms; n++)
        {
            _coefficients[n] = TensorPrimitives.Dot<double>(s_weighted[n], values);
        }

        Variance = Math.Max(0, DenseKernels.WeightedSquares(NormalQuadrature.Weights, values) - (Mean * Mean));
    }

    public double Mean => _coefficients[0];

    public double Variance { get; }

    /// <summary>The coefficients, the mean first.</summary>
    public ReadOnlySpan<double> Coefficients => _coefficients;

    private static double[][] Weighted()
    {
        var weighted = new double[Terms][];
        var (before, polynomial) = (new double[NormalQuadrature.Count], NormalQuadrature.Weights.ToArray());
        for (var n = 0; n < Terms; n++)
        {
            weighted[n] = polynomial;
            var next = new double[NormalQuadrature.Count];
            for (var i = 0; i < next.Length; i++)
            {
                next[i] = ((NormalQuadrature.Nodes[i] * polynomial[i]) - (Math.Sqrt(n) * before[i])) / Math.Sqrt(n + 1);
            }

            (before, polynomial) = (polynomial, next);
        }

        return weighted;
    }
}
