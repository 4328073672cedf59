using MathNet.Numerics.LinearAlgebra;

namespace OnnxPrune.Algebra;

/// <summary>
/// A symmetric matrix that products are taken from again and again. Of its blocks, only those on the diagonal and to the right of it are
/// kept up to date, which halves what a change reads and writes. The same bits on any number of threads.
/// </summary>
internal sealed class SymmetricBlocks
{
    private const int Panel = 64;

    // Rows end where vectors do: what is left of one would take as long as many whole ones.
    private const int Alignment = 16;

    private readonly double[] _elements;
    private readonly int _stride;

    private SymmetricBlocks(int size)
    {
        (Size, _stride) = (size, (size + Alignment - 1) / Alignment * Alignment);
        _elements = new double[size * _stride];
    }

    /// <param name="matrix">[N, N], of which either half may be read.</param>
    public SymmetricBlocks(Matrix<double> matrix)
        : this(matrix.RowCount)
    {
        var from = DenseProduct.ByColumns(matrix);
        for (var i = 0; i < Size; i++)
        {
            from.AsSpan(i * Size, Size).CopyTo(Row(i));
        }
    }

    public int Size { get; }

    public double this[int row, int column] =>
        column >= FirstOf(row) ? _elements[(row * _stride) + column] : _elements[(column * _stride) + row];

    /// <summary>Some rows, whole: [some, N].</summary>
    public double[] Rows(int[] some)
    {
        var rows = new double[some.Length * Size];
        for (var k = 0; k < some.Length; k++)
        {
            var first = FirstOf(some[k]);
            var row = rows.AsSpan(k * Size, Size);
            for (var j = 0; j < first; j++)
            {
                row[j] = _elements[(j * _stride) + some[k]];
            }

            Row(some[k])[first..Size].CopyTo(row[first..]);
        }

        return rows;
    }

    /// <summary>Becomes A - LᵀR.</summary>
    /// <param name="left">L [K, N].</param>
    /// <param name="right">R [K, N]; LᵀR is symmetric.</param>
    public void Take(double[] left, double[] right)
    {
        var inner = left.Length / Size;
        var (transposed, padded) = (new double[left.Length], new double[inner * _stride]);
        for (var k = 0; k < inner; k++)
        {
            right.AsSpan(k * Size, Size).CopyTo(padded.AsSpan(k * _stride));
            for (var i = 0; i < Size; i++)
            {
                transposed[(i * inner) + k] = left[(k * Size) + i];
            }
        }

        Parallel.For(0, (Size + Panel - 1) / Panel, panel =>
        {
            var first = panel * Panel;
            DenseKernels.AddProduct(
                new DenseBlock(transposed.AsSpan(first * inner), inner),
                new DenseBlock(padded.AsSpan(first), _stride),
                new DenseBlock(_elements.AsSpan((first * _stride) + first), _stride),
                Math.Min(Panel, Size - first),
                inner,
                _stride - first,
                isTaken: true);
        });
    }

    /// <summary>Some of its rows, and the same columns.</summary>
    public SymmetricBlocks Select(int[] some)
    {
        var part = new SymmetricBlocks(some.Length);
        for (var i = 0; i < some.Length; i++)
        {
            var row = part.Row(i);
            for (var j = FirstOf(i); j < some.Length; j++)
            {
                row[j] = this[some[i], some[j]];
            }
        }

        return part;
    }

    /// <summary>[N, N], row after row.</summary>
    public double[] ToArray() => Rows([.. Enumerable.Range(0, Size)]);

    /// <summary>The first column of a row that is kept up to date.</summary>
    private static int FirstOf(int row) => row / Panel * Panel;

    private Span<double> Row(int i) => _elements.AsSpan(i * _stride, _stride);
}
