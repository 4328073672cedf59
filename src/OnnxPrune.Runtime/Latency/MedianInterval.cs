namespace OnnxPrune.Runtime.Latency;

/// <summary>
/// The interval of a median, whatever the distribution: between two of the sorted values, so far from the ends that the median of all that
/// could have been measured lies outside with a probability of at most 5 %.
/// </summary>
internal static class MedianInterval
{
    private const double Outside = 0.05;

    // Rounds that follow each other are disturbed together, and the medians of stretches of rounds hardly are.
    private const int Stretches = 20;

    /// <summary>The interval of independent values. Fewer than six are too few for 95 %: then it is all of their range.</summary>
    /// <param name="values">At least one.</param>
    public static (double Low, double High) Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var rank = Rank(sorted.Length);
        return (sorted[rank], sorted[^(rank + 1)]);
    }

    /// <summary>The interval of the median of a series in which neighbours are alike.</summary>
    /// <param name="series">At least one value, in the order in which they were measured.</param>
    public static (double Low, double High) OfSeries(IReadOnlyList<double> series)
    {
        var stretches = Math.Min(Stretches, series.Count);
        var medians = Enumerable.Range(0, stretches).Select(i =>
        {
            var (start, end) = ((int)((long)i * series.Count / stretches), (int)((long)(i + 1) * series.Count / stretches));
            return InterleavedBenchmark.Quantile([.. series.Skip(start).Take(end - start)], 0.5);
        });
        var (low, high) = Of(medians);
        var median = InterleavedBenchmark.Quantile([.. series], 0.5);
        return (Math.Min(low, median), Math.Max(high, median));
    }

    /// <summary>
    /// The number of values that may lie below the interval, and above: of n fair coins, fewer heads than this come up with half of
    /// <see cref="Outside"/> at most.
    /// </summary>
    private static int Rank(int count)
    {
        var (rank, term, below) = (0, Math.Pow(0.5, count), Math.Pow(0.5, count));
        while (below <= Outside / 2 && rank < (count - 1) / 2)
        {
            rank++;
            term *= (double)(count - rank + 1) / rank;
            below += term;
        }

        return Math.Max(0, below > Outside / 2 ? rank - 1 : rank);
    }
}
