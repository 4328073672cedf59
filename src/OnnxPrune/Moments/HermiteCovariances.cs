using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxPrune.Moments;

/// <summary>
/// The covariances of functions of normal variables: Σ_n c_n(i) c_n(j) ρ_ij^n (Mehler's formula), a row of them at a time.
/// </summary>
internal sealed class HermiteCovariances
{
    // By term, then by function: neighbours are worked on at once.
    private readonly double[][] _coefficients;

    public HermiteCovariances(IReadOnlyList<HermiteExpansion> functions)
    {
        _coefficients = new double[HermiteExpansion.Terms][];
        for (var n = 0; n < _coefficients.Length; n++)
        {
            _coefficients[n] = [.. functions.Select(f => f.Coefficients[n])];
        }
    }

    /// <summary>Puts the covariances of a function with the first ones in place of their correlations.</summary>
    /// <param name="row">[M]: of the variable with the first M of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Replace(int function, Span<double> row)
    {
        var j = 0;
        for (; j <= row.Length - Vector<double>.Count; j += Vector<double>.Count)
        {
            var (correlation, sum) = (new Vector<double>(row[j..]), Vector<double>.Zero);
            for (var n = HermiteExpansion.Terms - 1; n > 0; n--)
            {
                var terms = _coefficients[n];
                sum = Vector.FusedMultiplyAdd(new Vector<double>(terms, j), new Vector<double>(terms[function]), sum) * correlation;
            }

            sum.CopyTo(row[j..]);
        }

        for (; j < row.Length; j++)
        {
            var sum = 0.0;
            for (var n = HermiteExpansion.Terms - 1; n > 0; n--)
            {
                sum = Math.FusedMultiplyAdd(_coefficients[n][j], _coefficients[n][function], sum) * row[j];
            }

            row[j] = sum;
        }
    }
}
