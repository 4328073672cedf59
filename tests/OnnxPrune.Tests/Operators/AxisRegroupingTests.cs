using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Tests.Operators;

public sealed class AxisRegroupingTests
{
    [Theory]
    [InlineData(new long[] { 2, 3, 5 }, new long[] { 2, 7 })]
    [InlineData(new long[] { 4 }, new long[] { 2, 3 })]
    [InlineData(new long[] { 6, 2 }, new long[] { 5 })]
    public void Sizes_with_different_products_end_in_one_block_of_all_that_is_left(long[] from, long[] to)
    {
        var last = AxisRegrouping.Blocks(Dims(from), Dims(to))[^1];

        Assert.Equal((from.Length, to.Length), (last.InEnd, last.OutEnd));
    }

    private static Dim[] Dims(long[] sizes) => [.. sizes.Select(size => new Dim(size))];
}
