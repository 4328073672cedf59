namespace OnnxPrune.Moments;

/// <summary>Integration of f(x) under the standard normal density.</summary>
internal static class NormalQuadrature
{
    /// <summary>
    /// A composite rule: midpoints of equal cells over ±8 standard deviations, weighted by the density. The functions at hand
    /// (Relu, Clip) have kinks, for which Gauss's own nodes are no better, and the cells need no tables.
    /// </summary>
    public static (double Node, double Weight)[] Rule(int cellsPerSide)
    {
        const double Width = 8;
        var cells = 2 * cellsPerSide;
        var step = 2 * Width / cells;
        var rule = new (double Node, double Weight)[cells];
        var total = 0.0;
        for (var i = 0; i < cells; i++)
        {
            var x = -Width + ((i + 0.5) * step);
            rule[i] = (x, Math.Exp(-x * x / 2));
            total += rule[i].Weight;
        }

        return Array.ConvertAll(rule, r => (r.Node, r.Weight / total));
    }
}
