using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OnnxPrune.Algebra;

/// <summary>
/// The innermost loops. They are compiled with full optimization at their first call: a command line is over before the runtime would find
/// them worth it.
/// </summary>
internal static class DenseKernels
{
    /// <summary>The number of rows that <see cref="AddProduct"/> and <see cref="AddDots"/> take at once.</summary>
    public const int Rows = 4;

    private const int InnerPanel = 256;

    /// <summary>Adds numbers of single precision to sums of double precision.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate(double[] sums, ReadOnlySpan<float> values)
    {
        var i = 0;
        for (; i <= sums.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(values[i..]), out var low, out var high);
            (new Vector<double>(sums, i) + low).CopyTo(sums, i);
            (new Vector<double>(sums, i + Vector<double>.Count) + high).CopyTo(sums, i + Vector<double>.Count);
        }

        for (; i < sums.Length; i++)
        {
            sums[i] += values[i];
        }
    }

    /// <summary>C [N, M] += A [N, K] · B [K, M], or -= that.</summary>
    public static void AddProduct(DenseBlock a, DenseBlock b, DenseBlock c, int rows, int inner, int width, bool isTaken = false)
    {
        // Some rows of A stay in the first-level cache, and all that is read of B in the second.
        for (var k = 0; k < inner; k += InnerPanel)
        {
            var left = a.Right(k);
            var right = b.Down(k);
            var (i, count) = (0, Math.Min(InnerPanel, inner - k));
            for (; Vector512.IsHardwareAccelerated && i + (2 * Rows) <= rows; i += 2 * Rows)
            {
                AddEightRows(left.Down(i), right, c.Down(i), count, width, isTaken);
            }

            for (; i + Rows <= rows; i += Rows)
            {
                AddFourRows(left.Down(i), right, c.Down(i), count, width, isTaken);
            }

            for (; i < rows; i++)
            {
                AddRow(left.Down(i), right, c.Down(i), count, width, isTaken);
            }
        }
    }

    private static void AddEightRows(DenseBlock a, DenseBlock b, DenseBlock c, int inner, int width, bool isTaken)
    {
        var (strip, m) = (2 * Vector512<double>.Count, 0);
        for (; m + strip <= width; m += strip)
        {
            AddStripOfEightRows(a, b.Right(m), c.Right(m), inner, isTaken);
        }

        if (m < width)
        {
            AddFourRows(a, b.Right(m), c.Right(m), inner, width - m, isTaken);
            AddFourRows(a.Down(Rows), b.Right(m), c.Down(Rows).Right(m), inner, width - m, isTaken);
        }
    }

    private static void AddFourRows(DenseBlock a, DenseBlock b, DenseBlock c, int inner, int width, bool isTaken)
    {
        var (strip, m) = (2 * Vector<double>.Count, 0);
        for (; m + strip <= width; m += strip)
        {
            AddStripOfFourRows(a, b.Right(m), c.Right(m), inner, isTaken);
        }

        for (var i = 0; m < width && i < Rows; i++)
        {
            AddRow(a.Down(i), b.Right(m), c.Down(i).Right(m), inner, width - m, isTaken);
        }
    }

    private static void AddRow(DenseBlock a, DenseBlock b, DenseBlock c, int inner, int width, bool isTaken)
    {
        var (strip, m) = (2 * Vector<double>.Count, 0);
        for (; m + strip <= width; m += strip)
        {
            AddStrip(a, b.Right(m), c.Right(m), inner, isTaken);
        }

        for (; m < width; m++)
        {
            var sum = 0.0;
            for (var k = 0; k < inner; k++)
            {
                sum = Math.FusedMultiplyAdd(a[0, k], b[k, m], sum);
            }

            c[0, m] += isTaken ? -sum : sum;
        }
    }

    /// <summary>The same for eight rows and as many columns as two vectors of 512 bits hold: of the 32 registers, half hold sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddStripOfEightRows(DenseBlock a, DenseBlock b, DenseBlock c, int inner, bool isTaken)
    {
        var size = (nuint)Vector512<double>.Count;
        ref var a0 = ref a.First;
        ref var a1 = ref a.Down(1).First;
        ref var a2 = ref a.Down(2).First;
        ref var a3 = ref a.Down(3).First;
        ref var a4 = ref a.Down(4).First;
        ref var a5 = ref a.Down(5).First;
        ref var a6 = ref a.Down(6).First;
        ref var a7 = ref a.Down(7).First;
        ref var row = ref b.First;
        var (x0, x1, y0, y1) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
        var (z0, z1, w0, w1) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
        var (p0, p1, q0, q1) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
        var (s0, s1, t0, t1) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
        for (nuint k = 0; k < (nuint)inner; k++)
        {
            var (left, right) = (Vector512.LoadUnsafe(ref row), Vector512.LoadUnsafe(ref row, size));
            var factor = Vector512.Create(Unsafe.Add(ref a0, k));
            (x0, x1) = (Vector512.FusedMultiplyAdd(left, factor, x0), Vector512.FusedMultiplyAdd(right, factor, x1));
            factor = Vector512.Create(Unsafe.Add(ref a1, k));
            (y0, y1) = (Vector512.FusedMultiplyAdd(left, factor, y0), Vector512.FusedMultiplyAdd(right, factor, y1));
            factor = Vector512.Create(Unsafe.Add(ref a2, k));
            (z0, z1) = (Vector512.FusedMultiplyAdd(left, factor, z0), Vector512.FusedMultiplyAdd(right, factor, z1));
            factor = Vector512.Create(Unsafe.Add(ref a3, k));
            (w0, w1) = (Vector512.FusedMultiplyAdd(left, factor, w0), Vector512.FusedMultiplyAdd(right, factor, w1));
            factor = Vector512.Create(Unsafe.Add(ref a4, k));
            (p0, p1) = (Vector512.FusedMultiplyAdd(left, factor, p0), Vector512.FusedMultiplyAdd(right, factor, p1));
            factor = Vector512.Create(Unsafe.Add(ref a5, k));
            (q0, q1) = (Vector512.FusedMultiplyAdd(left, factor, q0), Vector512.FusedMultiplyAdd(right, factor, q1));
            factor = Vector512.Create(Unsafe.Add(ref a6, k));
            (s0, s1) = (Vector512.FusedMultiplyAdd(left, factor, s0), Vector512.FusedMultiplyAdd(right, factor, s1));
            factor = Vector512.Create(Unsafe.Add(ref a7, k));
            (t0, t1) = (Vector512.FusedMultiplyAdd(left, factor, t0), Vector512.FusedMultiplyAdd(right, factor, t1));
            row = ref Unsafe.Add(ref row, b.Stride);
        }

        Store(c, x0, x1, isTaken);
        Store(c.Down(1), y0, y1, isTaken);
        Store(c.Down(2), z0, z1, isTaken);
        Store(c.Down(3), w0, w1, isTaken);
        Store(c.Down(4), p0, p1, isTaken);
        Store(c.Down(5), q0, q1, isTaken);
        Store(c.Down(6), s0, s1, isTaken);
        Store(c.Down(7), t0, t1, isTaken);
    }

    /// <summary>The same for four rows and as many columns as two vectors hold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddStripOfFourRows(DenseBlock a, DenseBlock b, DenseBlock c, int inner, bool isTaken)
    {
        var size = (nuint)Vector<double>.Count;
        ref var a0 = ref a.First;
        ref var a1 = ref a.Down(1).First;
        ref var a2 = ref a.Down(2).First;
        ref var a3 = ref a.Down(3).First;
        ref var row = ref b.First;
        var (x0, x1, y0, y1) = (Vector<double>.Zero, Vector<double>.Zero, Vector<double>.Zero, Vector<double>.Zero);
        var (z0, z1, w0, w1) = (Vector<double>.Zero, Vector<double>.Zero, Vector<double>.Zero, Vector<double>.Zero);
        for (nuint k = 0; k < (nuint)inner; k++)
        {
            var (left, right) = (Vector.LoadUnsafe(ref row), Vector.LoadUnsafe(ref row, size));
            var factor = new Vector<double>(Unsafe.Add(ref a0, k));
            (x0, x1) = (Vector.FusedMultiplyAdd(left, factor, x0), Vector.FusedMultiplyAdd(right, factor, x1));
            factor = new Vector<double>(Unsafe.Add(ref a1, k));
            (y0, y1) = (Vector.FusedMultiplyAdd(left, factor, y0), Vector.FusedMultiplyAdd(right, factor, y1));
            factor = new Vector<double>(Unsafe.Add(ref a2, k));
            (z0, z1) = (Vector.FusedMultiplyAdd(left, factor, z0), Vector.FusedMultiplyAdd(right, factor, z1));
            factor = new Vector<double>(Unsafe.Add(ref a3, k));
            (w0, w1) = (Vector.FusedMultiplyAdd(left, factor, w0), Vector.FusedMultiplyAdd(right, factor, w1));
            row = ref Unsafe.Add(ref row, b.Stride);
        }

        Store(c, x0, x1, isTaken);
        Store(c.Down(1), y0, y1, isTaken);
        Store(c.Down(2), z0, z1, isTaken);
        Store(c.Down(3), w0, w1, isTaken);
    }

    /// <summary>The same for one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddStrip(DenseBlock a, DenseBlock b, DenseBlock c, int inner, bool isTaken)
    {
        var size = (nuint)Vector<double>.Count;
        ref var factors = ref a.First;
        ref var row = ref b.First;
        var (x0, x1) = (Vector<double>.Zero, Vector<double>.Zero);
        for (nuint k = 0; k < (nuint)inner; k++)
        {
            var factor = new Vector<double>(Unsafe.Add(ref factors, k));
            x0 = Vector.FusedMultiplyAdd(Vector.LoadUnsafe(ref row), factor, x0);
            x1 = Vector.FusedMultiplyAdd(Vector.LoadUnsafe(ref row, size), factor, x1);
            row = ref Unsafe.Add(ref row, b.Stride);
        }

        Store(c, x0, x1, isTaken);
    }

    private static void Store(DenseBlock c, Vector<double> left, Vector<double> right, bool isTaken)
    {
        var size = (nuint)Vector<double>.Count;
        ref var row = ref c.First;
        var (before, behind) = (Vector.LoadUnsafe(ref row), Vector.LoadUnsafe(ref row, size));
        (isTaken ? before - left : before + left).StoreUnsafe(ref row);
        (isTaken ? behind - right : behind + right).StoreUnsafe(ref row, size);
    }

    private static void Store(DenseBlock c, Vector512<double> left, Vector512<double> right, bool isTaken)
    {
        var size = (nuint)Vector512<double>.Count;
        ref var row = ref c.First;
        var (before, behind) = (Vector512.LoadUnsafe(ref row), Vector512.LoadUnsafe(ref row, size));
        (isTaken ? before - left : before + left).StoreUnsafe(ref row);
        (isTaken ? behind - right : behind + right).StoreUnsafe(ref row, size);
    }

    /// <summary>The sum of squares, each times its weight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double WeightedSquares(ReadOnlySpan<double> weights, ReadOnlySpan<double> values)
    {
        var (sums, i) = (Vector<double>.Zero, 0);
        for (; i <= values.Length - Vector<double>.Count; i += Vector<double>.Count)
        {
            var value = new Vector<double>(values[i..]);
            sums = Vector.FusedMultiplyAdd(new Vector<double>(weights[i..]) * value, value, sums);
        }

        var sum = Vector.Sum(sums);
        for (; i < values.Length; i++)
        {
            sum += weights[i] * values[i] * values[i];
        }

        return sum;
    }

    /// <summary>The sum of squares of numbers of single precision, in double precision.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Squares(ReadOnlySpan<float> values)
    {
        var (low, high, i) = (Vector<double>.Zero, Vector<double>.Zero, 0);
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(values[i..]), out var left, out var right);
            low = Vector.FusedMultiplyAdd(left, left, low);
            high = Vector.FusedMultiplyAdd(right, right, high);
        }

        var sum = Vector.Sum(low + high);
        for (; i < values.Length; i++)
        {
            sum += (double)values[i] * values[i];
        }

        return sum;
    }

    /// <summary>Adds the dot products of four rows with four others, all of one length: [4, 4], row after row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddDots(FourRows a, FourRows b, Span<float> dots)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            AddSixteenDots(a, b, dots);
            return;
        }

        Dots(a.First, b, dots);
        Dots(a.Second, b, dots[Rows..]);
        Dots(a.Third, b, dots[(2 * Rows)..]);
        Dots(a.Fourth, b, dots[(3 * Rows)..]);
    }

    /// <summary>The same with vectors of 512 bits: of the 32 registers, half hold sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddSixteenDots(FourRows a, FourRows b, Span<float> dots)
    {
        ref var a0 = ref MemoryMarshal.GetReference(a.First);
        ref var a1 = ref MemoryMarshal.GetReference(a.Second);
        ref var a2 = ref MemoryMarshal.GetReference(a.Third);
        ref var a3 = ref MemoryMarshal.GetReference(a.Fourth);
        ref var b0 = ref MemoryMarshal.GetReference(b.First);
        ref var b1 = ref MemoryMarshal.GetReference(b.Second);
        ref var b2 = ref MemoryMarshal.GetReference(b.Third);
        ref var b3 = ref MemoryMarshal.GetReference(b.Fourth);
        var (x0, x1, x2, x3) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var (y0, y1, y2, y3) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var (z0, z1, z2, z3) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var (w0, w1, w2, w3) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
        var (length, i) = (a.First.Length, 0);
        for (; i <= length - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var (p, q) = (Vector512.LoadUnsafe(ref b0, (nuint)i), Vector512.LoadUnsafe(ref b1, (nuint)i));
            var (r, s) = (Vector512.LoadUnsafe(ref b2, (nuint)i), Vector512.LoadUnsafe(ref b3, (nuint)i));
            var row = Vector512.LoadUnsafe(ref a0, (nuint)i);
            (x0, x1) = (Vector512.FusedMultiplyAdd(row, p, x0), Vector512.FusedMultiplyAdd(row, q, x1));
            (x2, x3) = (Vector512.FusedMultiplyAdd(row, r, x2), Vector512.FusedMultiplyAdd(row, s, x3));
            row = Vector512.LoadUnsafe(ref a1, (nuint)i);
            (y0, y1) = (Vector512.FusedMultiplyAdd(row, p, y0), Vector512.FusedMultiplyAdd(row, q, y1));
            (y2, y3) = (Vector512.FusedMultiplyAdd(row, r, y2), Vector512.FusedMultiplyAdd(row, s, y3));
            row = Vector512.LoadUnsafe(ref a2, (nuint)i);
            (z0, z1) = (Vector512.FusedMultiplyAdd(row, p, z0), Vector512.FusedMultiplyAdd(row, q, z1));
            (z2, z3) = (Vector512.FusedMultiplyAdd(row, r, z2), Vector512.FusedMultiplyAdd(row, s, z3));
            row = Vector512.LoadUnsafe(ref a3, (nuint)i);
            (w0, w1) = (Vector512.FusedMultiplyAdd(row, p, w0), Vector512.FusedMultiplyAdd(row, q, w1));
            (w2, w3) = (Vector512.FusedMultiplyAdd(row, r, w2), Vector512.FusedMultiplyAdd(row, s, w3));
        }

        AddFour(dots, Vector512.Sum(x0), Vector512.Sum(x1), Vector512.Sum(x2), Vector512.Sum(x3));
        AddFour(dots[Rows..], Vector512.Sum(y0), Vector512.Sum(y1), Vector512.Sum(y2), Vector512.Sum(y3));
        AddFour(dots[(2 * Rows)..], Vector512.Sum(z0), Vector512.Sum(z1), Vector512.Sum(z2), Vector512.Sum(z3));
        AddFour(dots[(3 * Rows)..], Vector512.Sum(w0), Vector512.Sum(w1), Vector512.Sum(w2), Vector512.Sum(w3));
        for (; i < length; i++)
        {
            var (p, q, r, s) = (b.First[i], b.Second[i], b.Third[i], b.Fourth[i]);
            AddFour(dots, a.First[i] * p, a.First[i] * q, a.First[i] * r, a.First[i] * s);
            AddFour(dots[Rows..], a.Second[i] * p, a.Second[i] * q, a.Second[i] * r, a.Second[i] * s);
            AddFour(dots[(2 * Rows)..], a.Third[i] * p, a.Third[i] * q, a.Third[i] * r, a.Third[i] * s);
            AddFour(dots[(3 * Rows)..], a.Fourth[i] * p, a.Fourth[i] * q, a.Fourth[i] * r, a.Fourth[i] * s);
        }
    }

    /// <summary>The same for one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots(ReadOnlySpan<float> row, FourRows others, Span<float> dots)
    {
        var x = MemoryMarshal.Cast<float, Vector<float>>(row);
        var va = MemoryMarshal.Cast<float, Vector<float>>(others.First);
        var vb = MemoryMarshal.Cast<float, Vector<float>>(others.Second);
        var vc = MemoryMarshal.Cast<float, Vector<float>>(others.Third);
        var vd = MemoryMarshal.Cast<float, Vector<float>>(others.Fourth);
        var (sa, sb, sc, sd) = (Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero, Vector<float>.Zero);
        for (var i = 0; i < x.Length; i++)
        {
            sa = Vector.FusedMultiplyAdd(x[i], va[i], sa);
            sb = Vector.FusedMultiplyAdd(x[i], vb[i], sb);
            sc = Vector.FusedMultiplyAdd(x[i], vc[i], sc);
            sd = Vector.FusedMultiplyAdd(x[i], vd[i], sd);
        }

        AddFour(dots, Vector.Sum(sa), Vector.Sum(sb), Vector.Sum(sc), Vector.Sum(sd));
        for (var i = x.Length * Vector<float>.Count; i < row.Length; i++)
        {
            AddFour(dots, row[i] * others.First[i], row[i] * others.Second[i], row[i] * others.Third[i], row[i] * others.Fourth[i]);
        }
    }

    private static void AddFour(Span<float> dots, float a, float b, float c, float d)
    {
        dots[0] += a;
        dots[1] += b;
        dots[2] += c;
        dots[3] += d;
    }
}
