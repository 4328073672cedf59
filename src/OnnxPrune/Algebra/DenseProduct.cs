using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace OnnxPrune.Algebra;

/// <summary>
/// The product of two dense matrices, about ten times as fast as MathNet's managed one. The same bits on any number of threads.
/// </summary>
public static class DenseProduct
{
    private const int Panel = 64;

    // Of rows that are some thousand elements long, so many stay in the second-level cache.
    private const int RowsAtOnce = 16;

    /// <summary>A [N, K] · B [K, M].</summary>
    public static Matrix<double> Of(Matrix<double> a, Matrix<double> b) =>
        Matrix<double>.Build.DenseOfRowMajor(a.RowCount, b.ColumnCount, Of(a.ToRowMajorArray(), b.ToRowMajorArray(), a.RowCount, a.ColumnCount, b.ColumnCount));

    /// <summary>A [N, K] · B [K, M], row after row.</summary>
    public static double[] Of(double[] a, double[] b, int rows, int inner, int width)
    {
        var product = new double[rows * width];
        Parallel.For(0, (rows + Panel - 1) / Panel, block =>
        {
            // Panels of B are read from the cache for all rows of the block.
            for (var start = 0; start < inner; start += Panel)
            {
                for (var i = block * Panel; i < Math.Min(rows, (block + 1) * Panel); i++)
                {
                    var row = product.AsSpan(i * width, width);
                    for (var k = start; k < Math.Min(inner, start + Panel); k++)
                    {
                        TensorPrimitives.MultiplyAdd(b.AsSpan(k * width, width), a[(i * inner) + k], row, row);
                    }
                }
            }
        });
        return product;
    }

    /// <summary>Of some rows of A [N, K] with all of them, in single precision: [some, N], row after row.</summary>
    public static float[] OfRows(float[] a, int length, int[] some)
    {
        var rows = a.Length / length;
        var product = new float[some.Length * rows];
        Parallel.For(0, (some.Length + RowsAtOnce - 1) / RowsAtOnce, block =>
        {
            for (var j = 0; j < rows; j++)
            {
                var other = a.AsSpan(j * length, length);
                for (var i = block * RowsAtOnce; i < Math.Min(some.Length, (block + 1) * RowsAtOnce); i++)
                {
                    product[(i * rows) + j] = TensorPrimitives.Dot(a.AsSpan(some[i] * length, length), other);
                }
            }
        });
        return product;
    }
}
