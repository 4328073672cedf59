namespace OnnxPrune.Moments;

/// <summary>
/// Integration of f(x) under a normal density, by a composite rule: midpoints of equal cells over ±8 standard deviations, weighted by the
/// density. The functions at hand (Relu, Clip) have kinks, for which Gauss's own nodes are no better, and the cells need no tables.
/// </summary>
internal static class NormalQuadrature
{
    /// <summary>The number of nodes.</summary>
    public const int Count = 256;

    private const double Width = 8;

    private static readonly double[] s_nodes = [.. Enumerable.Range(0, Count).Select(i => ((i + 0.5) * 2 * Width / Count) - Width)];

    private static readonly double[] s_weights = Normalized(Array.ConvertAll(s_nodes, x => Math.Exp(-x * x / 2)));

    /// <summary>The nodes, in standard deviations from the mean.</summary>
    public static ReadOnlySpan<double> Nodes => s_nodes;

    /// <summary>The weights of the nodes; their sum is 1.</summary>
    public static ReadOnlySpan<double> Weights => s_weights;

    /// <summary>The values of a function at the nodes of a normal variable.</summary>
    /// <param name="values">Takes <see cref="Count"/> of them.</param>
    public static void Evaluate(Func<double, double> f, double mean, double deviation, Span<double> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = f(mean + (deviation * s_nodes[i]));
        }
    }

    private static double[] Normalized(double[] density)
    {
        var total = density.Sum();
        return Array.ConvertAll(density, d => d / total);
    }
}
