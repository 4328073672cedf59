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
    private const int RowsOfBlock = 8 * DenseKernels.Rows;

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

    /// <summary>
    /// The dot products of rows with the first ones and with each other: A [N, K] · A[..M]ᵀ, in single precision. What lies above the
    /// diagonal is not made, and stays zero.
    /// </summary>
    /// <returns>[N, M], row after row.</returns>
    public static double[] OfRows(RowReader rows, int count, int width)
    {
        var products = new double[count * width];
        Parallel.For(0, (width + RowsOfBlock - 1) / RowsOfBlock, block =>
        {
            var dots = (Span<float>)stackalloc float[DenseKernels.Rows * DenseKernels.Rows];
            var (start, end) = (block * RowsOfBlock, Math.Min(width, (block + 1) * RowsOfBlock));
            for (var j = start; j < count; j += DenseKernels.Rows)
            {
                for (var i = start; i < Math.Min(end, j + DenseKernels.Rows); i += DenseKernels.Rows)
                {
                    dots.Clear();
                    DenseKernels.AddDots(Four(j, count), Four(i, width), dots);
                    for (var k = 0; k < dots.Length; k++)
                    {
                        var (row, column) = (j + (k / DenseKernels.Rows), i + (k % DenseKernels.Rows));
                        if (row < count && column < width && column <= row)
                        {
                            products[(row * width) + column] = dots[k];
                        }
                    }
                }
            }
        });
        return products;

        // Where fewer are left, the last one counts several times.
        FourRows Four(int first, int end) =>
            new(rows(first), rows(Math.Min(first + 1, end - 1)), rows(Math.Min(first + 2, end - 1)), rows(Math.Min(first + 3, end - 1)));
    }

    /// <summary>A row of a matrix, wherever it lies.</summary>
    public delegate ReadOnlySpan<float> RowReader(int row);
}
