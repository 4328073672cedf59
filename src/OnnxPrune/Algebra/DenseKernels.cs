using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OnnxPrune.Algebra;

/// <summary>
/// The innermost loops. They are compiled with full optimization at their first call: a command line is over before the runtime would find them worth it.
/// </summary>
internal static class DenseKernels
{
    /// <summary>How many rows <see cref="Dots"/> takes at once.</summary>
    public const int Rows = 4;

    /// <summary>row [M] += Σ_k factors [K] · rows [K, M], one k after the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddRows(ReadOnlySpan<double> factors, ReadOnlySpan<double> rows, Span<double> row)
    {
        const int AtOnce = 4;
        var (width, size) = (row.Length, Vector<double>.Count);
        var m = 0;
        for (; m + (AtOnce * size) <= width; m += AtOnce * size)
        {
            var sums = MemoryMarshal.Cast<double, Vector<double>>(row.Slice(m, AtOnce * size));
            var (s0, s1, s2, s3) = (sums[0], sums[1], sums[2], sums[3]);
            for (var k = 0; k < factors.Length; k++)
            {
                var given = MemoryMarshal.Cast<double, Vector<double>>(rows.Slice((k * width) + m, AtOnce * size));
                var factor = new Vector<double>(factors[k]);
                s0 = Vector.FusedMultiplyAdd(given[0], factor, s0);
                s1 = Vector.FusedMultiplyAdd(given[1], factor, s1);
                s2 = Vector.FusedMultiplyAdd(given[2], factor, s2);
                s3 = Vector.FusedMultiplyAdd(given[3], factor, s3);
            }

            (sums[0], sums[1], sums[2], sums[3]) = (s0, s1, s2, s3);
        }

        for (; m < width; m++)
        {
            var sum = row[m];
            for (var k = 0; k < factors.Length; k++)
            {
                sum = Math.FusedMultiplyAdd(rows[(k * width) + m], factors[k], sum);
            }

            row[m] = sum;
        }
    }

    /// <summary>The dot products of a row with four others of its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Dots(ReadOnlySpan<float> row, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> c, ReadOnlySpan<float> d, Span<float> dots)
    {
        var x = MemoryMarshal.Cast<float, Vector<float>>(row);
        var va = MemoryMarshal.Cast<float, Vector<float>>(a);
        var vb = MemoryMarshal.Cast<float, Vector<float>>(b);
        var vc = MemoryMarshal.Cast<float, Vector<float>>(c);
        var vd = MemoryMarshal.Cast<float, Vector<float>>(d);
        var (sa, sb, sc, sd) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        for (var i = 0; i < x.Length; i++)
        {
            sa = Vector.FusedMultiplyAdd(x[i], va[i], sa);
            sb = Vector.FusedMultiplyAdd(x[i], vb[i], sb);
            sc = Vector.FusedMultiplyAdd(x[i], vc[i], sc);
            sd = Vector.FusedMultiplyAdd(x[i], vd[i], sd);
        }

        (dots[0], dots[1], dots[2], dots[3]) = (Vector.Sum(sa), Vector.Sum(sb), Vector.Sum(sc), Vector.Sum(sd));
        for (var i = x.Length * Vector<float>.Count; i < row.Length; i++)
        {
            dots[0] += row[i] * a[i];
            dots[1] += row[i] * b[i];
            dots[2] += row[i] * c[i];
            dots[3] += row[i] * d[i];
        }
    }
}
