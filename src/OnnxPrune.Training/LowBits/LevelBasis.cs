using MathNet.Numerics.LinearAlgebra;

namespace OnnxPrune.Training.LowBits;

/// <summary>
/// The levels of one output channel: of a basis v of K numbers, all 2^K sums ±v₁ ± … ± v_K (Zhang et al. 2018, LQ-Nets). A code names a
/// level: where its bit k is set, v_k is added.
/// </summary>
internal static class LevelBasis
{
    private const int Rounds = 8;

    // Beside the number of weights: keeps the equations solvable where all weights take the same sign of a basis number.
    private const double Ridge = 1e-6;

    // The outermost level may begin at so many parts of the largest weight.
    private const int Starts = 20;

    /// <summary>
    /// The basis of the smallest squared error that turns of assigning and fitting find, from the best evenly spaced levels on.
    /// </summary>
    /// <param name="weights">Of one output channel.</param>
    /// <param name="bits">K.</param>
    public static double[] Fit(ReadOnlySpan<float> weights, int bits)
    {
        var largest = 0f;
        foreach (var weight in weights)
        {
            largest = Math.Max(largest, Math.Abs(weight));
        }

        var (best, smallest, refined) = (new double[bits], double.PositiveInfinity, new double[bits]);
        for (var start = 1; start <= Starts && largest > 0; start++)
        {
            Try([.. Enumerable.Range(0, bits).Select(k => (double)start / Starts * largest * (1 << k) / ((1 << bits) - 1))], weights);
        }

        for (var round = 0; round < Rounds && largest > 0 && Try(refined, weights); round++)
        {
        }

        return best;

        bool Try(double[] basis, ReadOnlySpan<float> weights)
        {
            var (error, next) = Refine(weights, basis);
            if (error >= smallest)
            {
                return false;
            }

            (best, smallest, refined) = (basis, error, next);
            return true;
        }
    }

    /// <summary>All levels, by code.</summary>
    public static double[] Levels(double[] basis)
    {
        var levels = new double[1 << basis.Length];
        for (var code = 0; code < levels.Length; code++)
        {
            for (var k = 0; k < basis.Length; k++)
            {
                levels[code] += Sign(code, k) * basis[k];
            }
        }

        return levels;
    }

    /// <summary>1 where the bit is set, −1 elsewhere.</summary>
    public static int Sign(int code, int bit) => (((code >> bit) & 1) * 2) - 1;

    /// <summary>The squared error of a basis, and the basis that fits its assignment best.</summary>
    private static (double Error, double[] Refined) Refine(ReadOnlySpan<float> weights, double[] basis)
    {
        var bits = basis.Length;
        var levels = Levels(basis);
        int[] order = [.. Enumerable.Range(0, levels.Length).OrderBy(code => levels[code])];
        double[] borders = [.. Enumerable.Range(1, levels.Length - 1).Select(i => (levels[order[i - 1]] + levels[order[i]]) / 2)];
        var (gram, product) = (Matrix<double>.Build.Dense(bits, bits), Vector<double>.Build.Dense(bits));
        var counts = new int[levels.Length];
        var sums = new double[levels.Length];
        var error = 0.0;
        foreach (var weight in weights)
        {
            var found = Array.BinarySearch(borders, weight);
            var code = order[found >= 0 ? found : ~found];
            counts[code]++;
            sums[code] += weight;
            error += (weight - levels[code]) * (weight - levels[code]);
        }

        for (var code = 0; code < levels.Length; code++)
        {
            for (var k = 0; k < bits; k++)
            {
                product[k] += Sign(code, k) * sums[code];
                for (var other = 0; other < bits; other++)
                {
                    gram[k, other] += Sign(code, k) * Sign(code, other) * counts[code];
                }
            }
        }

        for (var k = 0; k < bits; k++)
        {
            gram[k, k] += Ridge * weights.Length;
        }

        return (error, gram.Cholesky().Solve(product).ToArray());
    }
}
