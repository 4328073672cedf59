using MathNet.Numerics.LinearAlgebra;
using OnnxPrune.Algebra;

namespace OnnxPrune.Tests.Algebra;

public class DenseAlgebraTests
{
    // Around the panels and stripes that the work is cut into, and within one.
    public static TheoryData<int, int> Sizes => new() { { 1, 1 }, { 7, 3 }, { 48, 128 }, { 49, 129 }, { 150, 300 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Solution_and_inverse_satisfy_their_equations(int size, int width)
    {
        var matrix = PositiveDefinite(size);
        var wanted = Random(size, width, 2);

        var factor = CholeskyFactor.TryFactor(matrix)!;

        Close(wanted, factor.Solve(matrix * wanted));
        Close(Matrix<double>.Build.DenseIdentity(size), factor.Inverse() * matrix);
    }

    [Fact]
    public void Matrices_that_are_not_positive_definite_have_no_factor()
    {
        var singular = Random(60, 5, 1);

        Assert.Null(CholeskyFactor.TryFactor(-PositiveDefinite(60)));
        Assert.Null(CholeskyFactor.TryFactor((singular * singular.Transpose()) - (1e-6 * Matrix<double>.Build.DenseIdentity(60))));
        Assert.Null(CholeskyFactor.TryFactor(Matrix<double>.Build.Dense(3, 3, double.NaN)));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Product_is_that_of_MathNet(int size, int width)
    {
        var (a, b) = (Random(size, 65, 3), Random(65, width, 4));

        Close(a * b, DenseProduct.Of(a, b));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Products_of_rows_are_those_of_MathNet(int rows, int length)
    {
        var a = Random(rows, length, 5);
        var elements = Array.ConvertAll(a.ToRowMajorArray(), x => (float)x);
        var width = (rows + 1) / 2;

        var product = DenseProduct.OfRows(i => elements.AsSpan(i * length, length), rows, width);

        var expected = a * a.SubMatrix(0, width, 0, length).Transpose();
        Assert.Equal(rows * width, product.Length);
        Assert.All(Enumerable.Range(0, product.Length), at =>
        {
            var (row, column) = (at / width, at % width);
            Assert.Equal(column <= row ? expected[row, column] : 0, product[at], 1e-4);
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(100)]
    public void Sums_over_rows_are_those_of_MathNet(int length)
    {
        var (a, b) = (Random(1, length, 7).Row(0), Random(1, length, 8).Row(0));

        Assert.Equal(a * b.PointwiseMultiply(b), DenseKernels.WeightedSquares(a.ToArray(), b.ToArray()), 1e-12);
        Assert.Equal(a * a, DenseKernels.Squares(Array.ConvertAll(a.ToArray(), x => (float)x)), 1e-4);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(63, 2)]
    [InlineData(64, 9)]
    [InlineData(150, 40)]
    public void What_is_taken_from_a_symmetric_matrix_shows_in_every_row_and_part(int size, int inner)
    {
        var (matrix, l) = (PositiveDefinite(size), Random(inner, size, 6));
        var blocks = new SymmetricBlocks(matrix);
        int[] some = [.. Enumerable.Range(0, size).Where(i => i % 3 != 1).Reverse()];

        blocks.Take(l.ToRowMajorArray(), (2 * l).ToRowMajorArray());

        var expected = matrix - (2 * l.Transpose() * l);
        Close(expected, Rows(blocks.ToArray(), size));
        Close(Matrix<double>.Build.DenseOfRows(some.Select(i => expected.Row(i))), Rows(blocks.Rows(some), size));
        Close(Matrix<double>.Build.Dense(
            some.Length, some.Length, (i, j) => expected[some[i], some[j]]), Rows(blocks.Select(some).ToArray(), some.Length));
        Assert.Equal(expected[size - 1, 0], blocks[size - 1, 0], 1e-9);
    }

    private static Matrix<double> Rows(double[] elements, int width) =>
        Matrix<double>.Build.DenseOfRowMajor(elements.Length / width, width, elements);

    private static Matrix<double> PositiveDefinite(int size)
    {
        var rows = Random(size, size + 5, 1);
        return (rows * rows.Transpose() / size) + (0.1 * Matrix<double>.Build.DenseIdentity(size));
    }

    private static Matrix<double> Random(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        return Matrix<double>.Build.Dense(rows, columns, (_, _) => random.NextDouble() - 0.5);
    }

    private static void Close(Matrix<double> expected, Matrix<double> actual) =>
        Assert.InRange((expected - actual).Enumerate().Max(Math.Abs), 0, 1e-9);
}
