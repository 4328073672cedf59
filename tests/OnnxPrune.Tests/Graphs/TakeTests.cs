using OnnxPrune.Graphs;

namespace OnnxPrune.Tests.Graphs;

public sealed class TakeTests
{
    [Theory]
    [InlineData(ElementType.UInt8)]
    [InlineData(ElementType.Float)]
    [InlineData(ElementType.Double)]
    internal void Taking_several_axes_at_once_is_taking_one_after_the_other(ElementType type)
    {
        var random = new Random(9);
        for (var round = 0; round < 50; round++)
        {
            // given
            long[] dims = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => (long)random.Next(1, 6))];
            var x = Tensor.FromValues(type, dims, [.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(i => (double)i)]);
            Keep?[] keeps = [.. dims.Select(d => random.Next(3) == 0 ? null : Keep.Where((int)d, _ => random.Next(3) > 0))];

            // when
            var taken = x.Take(keeps);

            // then
            var expected = x;
            for (var axis = 0; axis < keeps.Length; axis++)
            {
                expected = keeps[axis] is { } keep ? expected.Take(axis, keep) : expected;
            }

            Assert.Equal(expected.Dims, taken.Dims);
            Assert.Equal(expected.Data.ToArray(), taken.Data.ToArray());
        }
    }

    [Fact]
    public void What_stays_whole_is_the_tensor_itself()
    {
        var x = Tensor.Of([1f, 2, 3, 4], 2, 2);

        Assert.Same(x, x.Take([null, Keep.All(2)]));
    }
}
