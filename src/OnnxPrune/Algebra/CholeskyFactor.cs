using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace OnnxPrune.Algebra;

/// <summary>
/// The factor L of a symmetric positive definite matrix A = L·Lᵀ, and what is solved with it: blocked, so that nearly all of the work is
/// products of matrices (Golub and Van Loan, Matrix Computations, 4.2). For the sizes at hand, from some hundred to some thousand rows,
/// MathNet's managed one takes many times as long. The same bits on any number of threads.
/// </summary>
internal sealed class CholeskyFactor
{
    // Rows that are worked on together, and columns of a right-hand side.
    private const int Panel = 64;

    private readonly int _size;
    private readonly double[] _lower;

    private CholeskyFactor(int size, double[] lower) => (_size, _lower) = (size, lower);

    private static int Panels(int length) => (length + Panel - 1) / Panel;

    /// <summary>Factors a matrix [N, N]; null when it is not positive definite.</summary>
    public static CholeskyFactor? TryFactor(Matrix<double> matrix) => TryFactor(matrix.ToColumnMajorArray(), matrix.RowCount);

    /// <summary>The same of a matrix row after row, of which only what lies on the diagonal and below is read.</summary>
    /// <param name="lower">[N, N]: becomes the factor's own.</param>
    public static CholeskyFactor? TryFactor(double[] lower, int size)
    {
        var above = new double[size * Panel];
        for (var start = 0; start < size; start += Panel)
        {
            var (first, count) = (start, Math.Min(Panel, size - start));
            Transpose(lower.AsSpan(first * size), size, above, Panel, count, first);
            Parallel.For(first / Panel, Panels(size), p =>
                Take(
                    lower, size, p * Panel, Math.Min(Panel, size - (p * Panel)), 0, first, above, Panel, lower.AsSpan(first), size, count));
            if (!TryFactor(lower, size, first, count))
            {
                return null;
            }

            Parallel.For(first + count, size, i => Reduce(lower, size, i, first, first + count));
        }

        return new CholeskyFactor(size, lower);
    }

    /// <summary>X [N, M] such that A·X = B [N, M].</summary>
    public Matrix<double> Solve(Matrix<double> rightHandSide)
    {
        var x = rightHandSide.ToColumnMajorArray();
        Solve(x);
        return Matrix<double>.Build.Dense(_size, rightHandSide.ColumnCount, x);
    }

    /// <summary>Puts solutions in the place of right-hand sides.</summary>
    /// <param name="x">[M, N], one right-hand side after the other.</param>
    public void Solve(double[] x)
    {
        var (width, upper) = (x.Length / _size, Upper());
        Parallel.For(0, Panels(width), p =>
        {
            var (first, count) = (p * Panel, Math.Min(Panel, width - (p * Panel)));
            var columns = new double[_size * count];
            Transpose(x.AsSpan(first * _size), _size, columns, count, count, _size);
            Solve(upper, columns, count, 0);
            Transpose(columns, count, x.AsSpan(first * _size), _size, _size, count);
        });
    }

    /// <summary>A⁻¹ [N, N].</summary>
    public Matrix<double> Inverse()
    {
        var inverse = new double[_size * _size];
        var upper = Upper();
        Parallel.For(0, Panels(_size), p =>
        {
            // What lies above the diagonal is what lies below it.
            var (first, count) = (p * Panel, Math.Min(Panel, _size - (p * Panel)));
            var columns = new double[_size * count];
            for (var j = 0; j < count; j++)
            {
                columns[((first + j) * count) + j] = 1;
            }

            Solve(upper, columns, count, first);
            for (var i = first; i < _size; i++)
            {
                columns.AsSpan(i * count, count).CopyTo(inverse.AsSpan((i * _size) + first));
            }

            Transpose(columns.AsSpan(first * count), count, inverse.AsSpan((first * _size) + first), _size, _size - first, count);
        });
        return Matrix<double>.Build.Dense(_size, _size, inverse);
    }

    /// <summary>The diagonal block, of which everything to the left is taken already; false when it is not positive definite.</summary>
    private static bool TryFactor(double[] lower, int size, int start, int count)
    {
        for (var i = start; i < start + count; i++)
        {
            Reduce(lower, size, i, start, i);
            var pivot = lower[(i * size) + i];
            for (var j = start; j < i; j++)
            {
                pivot -= lower[(i * size) + j] * lower[(i * size) + j];
            }

            if (!(pivot > 0) || !double.IsFinite(pivot))
            {
                return false;
            }

            lower[(i * size) + i] = Math.Sqrt(pivot);
        }

        return true;
    }

    /// <summary>The row's elements of a panel, from start to end, of which everything to the left is taken already.</summary>
    private static void Reduce(double[] lower, int size, int i, int start, int end)
    {
        var row = lower.AsSpan(i * size, size);
        for (var j = start; j < end; j++)
        {
            var other = lower.AsSpan(j * size, size);
            row[j] = (row[j] - TensorPrimitives.Dot<double>(row[start..j], other[start..j])) / other[j];
        }
    }

    /// <summary>Forward and back substitution.</summary>
    /// <param name="x">Right-hand sides [N, M], and then their solution.</param>
    /// <param name="first">All rows before are zero, and are not asked for.</param>
    private void Solve(double[] upper, double[] x, int width, int first)
    {
        for (var start = first; start < _size; start += Panel)
        {
            var count = Math.Min(Panel, _size - start);
            Take(_lower, _size, start, count, first, start, x, width, x, width, width);
            for (var i = start; i < start + count; i++)
            {
                Take(_lower, _size, i, 1, start, i, x, width, x, width, width);
                TensorPrimitives.Divide(x.AsSpan(i * width, width), _lower[(i * _size) + i], x.AsSpan(i * width, width));
            }
        }

        for (var start = first + ((_size - first - 1) / Panel * Panel); start >= first; start -= Panel)
        {
            var end = Math.Min(start + Panel, _size);
            Take(upper, _size, start, end - start, end, _size, x, width, x, width, width);
            for (var i = end - 1; i >= start; i--)
            {
                Take(upper, _size, i, 1, i + 1, end, x, width, x, width, width);
                TensorPrimitives.Divide(x.AsSpan(i * width, width), _lower[(i * _size) + i], x.AsSpan(i * width, width));
            }
        }
    }

    /// <summary>Some rows of C -= these rows of A, from one column to another, times these rows of B.</summary>
    private static void Take(
        double[] a,
        int strideOfA,
        int row,
        int count,
        int from,
        int to,
        double[] b,
        int strideOfB,
        Span<double> c,
        int strideOfC,
        int width)
    {
        DenseKernels.AddProduct(
            new DenseBlock(a.AsSpan((row * strideOfA) + from), strideOfA),
            new DenseBlock(b.AsSpan(from * strideOfB), strideOfB),
            new DenseBlock(c[(row * strideOfC)..], strideOfC),
            count,
            to - from,
            width,
            isTaken: true);
    }

    /// <summary>Lᵀ.</summary>
    private double[] Upper()
    {
        var upper = new double[_size * _size];
        Parallel.For(0, Panels(_size), p =>
        {
            var (first, count) = (p * Panel, Math.Min(Panel, _size - (p * Panel)));
            Transpose(_lower.AsSpan(first * _size), _size, upper.AsSpan(first), _size, count, first + count);
        });
        return upper;
    }

    private static void Transpose(ReadOnlySpan<double> from, int strideFrom, Span<double> to, int strideTo, int rows, int columns)
    {
        for (var j = 0; j < columns; j++)
        {
            for (var i = 0; i < rows; i++)
            {
                to[(j * strideTo) + i] = from[(i * strideFrom) + j];
            }
        }
    }
}
