using OnnxPrune.Graphs;

namespace OnnxPrune.Tests.Graphs;

public sealed class TransposeTests
{
    [Theory]
    [InlineData(ElementType.UInt8)]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Float)]
    [InlineData(ElementType.Int64)]
    internal void Every_element_goes_to_its_place_in_every_type(ElementType type)
    {
        long[] dims = [2, 3, 4];
        var x = Tensor.FromValues(type, dims, [.. Enumerable.Range(0, 24).Select(i => (double)i)]);

        var y = x.Transpose(2, 0, 1);

        Assert.Equal([4L, 2, 3], y.Dims);
        var values = y.ToLongs();
        for (var i = 0; i < 24; i++)
        {
            var (a, b, c) = (i / 12, i / 4 % 3, i % 4);
            Assert.Equal(i, values[(((c * 2) + a) * 3) + b]);
        }
    }

    [Fact]
    public void Order_and_its_inverse_give_the_tensor_back()
    {
        var x = Tensor.Of((long[])[.. Enumerable.Range(0, 30).Select(i => (long)i)], 5, 3, 2);

        Assert.Equal(x.ToLongs(), x.Transpose(1, 2, 0).Transpose(2, 0, 1).ToLongs());
    }

    [Fact]
    public void Tensors_without_axes_or_elements_are_transposed_too()
    {
        Assert.Equal([7L], Tensor.FromValues(ElementType.Int64, [], [7]).Transpose().ToLongs());
        Assert.Equal([3L, 0], Tensor.FromValues(ElementType.Float, [0, 3], []).Transpose(1, 0).Dims);
        Assert.Equal([0L, long.MaxValue], Tensor.FromValues(ElementType.Float, [long.MaxValue, 0], []).Transpose(1, 0).Dims);
    }
}
