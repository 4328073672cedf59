using OnnxPrune.Graphs;
using OnnxPrune.Quantization;

namespace OnnxPrune.Tests.Quantization;

public sealed class ChannelLevelsTests
{
    // Columns are channels: of 2 and of 3 levels.
    private static readonly Tensor s_weight = Tensor.Of([1f, 5, 2, 6, 1, 7, 2, 5], 4, 2);

    [Fact]
    public void Every_channel_has_its_own_levels()
    {
        var found = ChannelLevels.Of(s_weight, axis: 1, most: 3)!;

        Assert.Equal((4, 2, 3), (found.Features, found.Levels[0].Length, found.Levels[1].Length));
        Assert.Equal([0, 1, 0, 1], Enumerable.Range(0, 4).Select(f => found.IndexOf(0, f)));
        Assert.Equal([0, 1, 2, 0], Enumerable.Range(0, 4).Select(f => found.IndexOf(1, f)));
    }

    [Fact]
    public void One_channel_with_too_many_is_enough_to_have_none() => Assert.Null(ChannelLevels.Of(s_weight, axis: 1, most: 2));

    [Theory]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.Double)]
    internal void Numbers_of_every_size_are_told_apart(ElementType type)
    {
        var found = ChannelLevels.Of(s_weight.WithType(type), axis: 1, most: 3)!;

        Assert.Equal((2, 3), (found.Levels[0].Length, found.Levels[1].Length));
    }
}
