namespace OnnxPrune.Moments;

/// <summary>A function of a standard normal variable, by its coefficients on the normalized Hermite polynomials of low order.</summary>
internal sealed class HermiteExpansion
{
    private const int Terms = 12;

    private static readonly (double Node, double Weight)[] s_quadrature = NormalQuadrature.Rule(128);

    private readonly double[] _coefficients = new double[Terms];

    /// <param name="f">Of a standard normal variable.</param>
    public HermiteExpansion(Func<double, double> f)
    {
        var square = 0.0;
        foreach (var (t, weight) in s_quadrature)
        {
            var y = f(t);
            square += weight * y * y;
            var (before, polynomial) = (0.0, 1.0);
            for (var n = 0; n < Terms; n++)
            {
                _coefficients[n] += weight * y * polynomial;
                (before, polynomial) = (polynomial, ((t * polynomial) - (Math.Sqrt(n) * before)) / Math.Sqrt(n + 1));
            }
        }

        Variance = Math.Max(0, square - (Mean * Mean));
    }

    public double Mean => _coefficients[0];

    public double Variance { get; }

    /// <summary>The covariance of two such functions of normal variables that correlate so.</summary>
    public double CovarianceWith(HermiteExpansion other, double correlation)
    {
        var (sum, power) = (0.0, 1.0);
        for (var n = 1; n < Terms; n++)
        {
            power *= correlation;
            sum += _coefficients[n] * other._coefficients[n] * power;
        }

        return sum;
    }
}
