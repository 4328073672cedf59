namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>
/// The damage of ever deeper cuts in one place. How much of the error there reaches the outputs changes slowly with the error: where two
/// cuts agree about it, those between them need no run of the network.
/// </summary>
internal static class SensitivityCurve
{
    // Twice as much of the error at one end as at the other: read between them, the damage in the middle is off by a tenth or two.
    private const double Agreement = 2;

    /// <summary>The damage at every depth.</summary>
    /// <param name="expected">The error that each depth is expected to make there, growing.</param>
    /// <param name="measurable">The depths at which damage can be measured, growing; the last of all is one of them.</param>
    /// <param name="measure">Measures at one of these.</param>
    public static double[] Over(IReadOnlyList<double> expected, IReadOnlyList<int> measurable, Func<int, double> measure)
    {
        var points = new SortedDictionary<int, double>();
        Between(0, measurable.Count - 1);
        return Read(expected, points);

        void Between(int first, int last)
        {
            Measure(first);
            Measure(last);
            if (last - first > 1 && !Agree(measurable[first], measurable[last]))
            {
                var middle = (first + last) / 2;
                Between(first, middle);
                Between(middle, last);
            }
        }

        void Measure(int i)
        {
            if (!points.ContainsKey(measurable[i]))
            {
                points.Add(measurable[i], measure(measurable[i]));
            }
        }

        bool Agree(int a, int b)
        {
            var ratio = points[a] * expected[b] / (points[b] * expected[a]);
            return ratio is > 1 / Agreement and < Agreement;
        }
    }

    /// <summary>Up to the first measured depth the damage grows as the error does, and between two as a power of it.</summary>
    private static double[] Read(IReadOnlyList<double> expected, SortedDictionary<int, double> points)
    {
        var result = new double[expected.Count];
        var (error, damage) = (0.0, 0.0);
        var from = 0;
        foreach (var (depth, measured) in points)
        {
            // More cut is never less damage: what says otherwise is noise.
            var (nextError, next) = (expected[depth], Math.Max(damage, measured));
            for (var i = from; i <= depth; i++)
            {
                result[i] = i == depth ? next : damage > 0 && error > 0
                    ? damage * Math.Pow(next / damage, Share(Math.Log(expected[i] / error), Math.Log(nextError / error)))
                    : damage + ((next - damage) * Share(expected[i] - error, nextError - error));
            }

            (error, damage, from) = (nextError, next, depth + 1);
        }

        return result;
    }

    private static double Share(double part, double whole) => whole > 0 ? Math.Clamp(part / whole, 0, 1) : 1;
}
