using MathNet.Numerics.LinearAlgebra;

namespace OnnxPrune.Algebra;

/// <summary>
/// The product of two dense matrices, more than ten times as fast as MathNet's managed one. The same bits on any number of threads.
/// </summary>
internal static class DenseProduct
{
    private const int Panel = 64;

    // A panel is put together once for so many rows.
    private const int MostRows = 4 * Panel;

    // Of rows that are some thousand elements long, so many stay in the second-level cache.
    private const int RowsOfBlock = 4 * DenseKernels.Rows;

    /// <summary>A [N, K] · B [K, M].</summary>
    public static Matrix<double> Of(Matrix<double> a, Matrix<double> b) =>
        // What lies column after column is the transposed matrix row after row: Bᵀ · Aᵀ = (A · B)ᵀ.
        Matrix<double>.Build.Dense(a.RowCount, b.ColumnCount, Of(ByColumns(b), ByColumns(a), b.ColumnCount, b.RowCount, a.RowCount));

    /// <summary>The elements of a matrix, column after column: not to be written to, as they may be its own.</summary>
    public static double[] ByColumns(Matrix<double> matrix) => matrix.AsColumnMajorArray() ?? matrix.ToColumnMajorArray();

    /// <summary>A [N, K] · B [K, M], row after row.</summary>
    public static double[] Of(double[] a, double[] b, int rows, int inner, int width)
    {
        var product = new double[rows * width];
        var (down, right) = ((rows + MostRows - 1) / MostRows, (width + Panel - 1) / Panel);
        Parallel.For(0, down * right, part =>
        {
            var (top, left) = (part / right * MostRows, part % right * Panel);
            var (height, columns) = (Math.Min(MostRows, rows - top), Math.Min(Panel, width - left));

            // Put together: rows that lie a power of two apart would push each other out of the cache.
            var panel = new double[inner * columns];
            for (var k = 0; k < inner; k++)
            {
                b.AsSpan((k * width) + left, columns).CopyTo(panel.AsSpan(k * columns));
            }

            DenseKernels.AddProduct(
                new DenseBlock(a.AsSpan(top * inner), inner), new DenseBlock(panel, columns),
                new DenseBlock(product.AsSpan((top * width) + left), width), height, inner, columns);
        });
        return product;
    }

    /// <summary>Of some rows of A [N, K] with all of them, in single precision: [some, N], row after row.</summary>
    public static float[] OfRows(float[] a, int length, int[] some)
    {
        var rows = a.Length / length;
        var product = new float[some.Length * rows];
        Parallel.For(0, (some.Length + RowsOfBlock - 1) / RowsOfBlock, block =>
        {
            var dots = (Span<float>)stackalloc float[DenseKernels.Rows];
            for (var j = 0; j < rows; j++)
            {
                for (var i = block * RowsOfBlock; i < Math.Min(some.Length, (block + 1) * RowsOfBlock); i += DenseKernels.Rows)
                {
                    // Where fewer are left, the last one counts several times.
                    var last = some.Length - 1;
                    DenseKernels.Dots(Row(j), Row(some[i]), Row(
                        some[Math.Min(i + 1, last)]), Row(some[Math.Min(i + 2, last)]), Row(some[Math.Min(i + 3, last)]), dots);
                    for (var k = 0; k < Math.Min(DenseKernels.Rows, some.Length - i); k++)
                    {
                        product[((i + k) * rows) + j] = dots[k];
                    }
                }
            }
        });
        return product;

        ReadOnlySpan<float> Row(int i) => a.AsSpan(i * length, length);
    }
}
