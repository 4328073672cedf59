using OnnxPrune.Channels;

namespace OnnxPrune.Tests.Channels;

public sealed class ChannelGroupingTests
{
    [Fact]
    public void Channels_on_the_same_lists_are_of_one_class()
    {
        var classes = ChannelGrouping.Classes(5, [[0, 1, 2], [2, 1, 0], [3, 4]]);

        Assert.Equal(classes[0], classes[1]);
        Assert.Equal(classes[0], classes[2]);
        Assert.Equal(classes[3], classes[4]);
        Assert.NotEqual(classes[0], classes[3]);
    }

    [Fact]
    public void List_splits_the_class_that_it_holds_a_part_of()
    {
        var classes = ChannelGrouping.Classes(4, [[0, 1, 2, 3], [0, 1]]);

        Assert.Equal(classes[0], classes[1]);
        Assert.Equal(classes[2], classes[3]);
        Assert.NotEqual(classes[0], classes[2]);
    }

    [Fact]
    public void Number_of_times_tells_channels_apart()
    {
        var classes = ChannelGrouping.Classes(3, [[0, 0, 1, 2, 2]]);

        Assert.Equal(classes[0], classes[2]);
        Assert.NotEqual(classes[0], classes[1]);
    }

    [Fact]
    public void Lists_whose_numbers_add_up_to_the_same_are_told_apart()
    {
        // Channel 0 is twice on the first list, channel 1 once on each of the two.
        var classes = ChannelGrouping.Classes(2, [[0, 0, 1], [1]]);

        Assert.NotEqual(classes[0], classes[1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Classes_are_those_of_equal_counts_on_every_list(int seed)
    {
        // given
        var random = new Random(seed);
        const int Channels = 60;
        int[][] lists = [.. Enumerable.Range(0, 6).Select(_ => Enumerable.Range(0, 40).Select(_ => random.Next(Channels)).ToArray())];

        // when
        var classes = ChannelGrouping.Classes(Channels, lists);

        // then
        string Counts(int channel) => string.Join(' ', lists.Select(l => l.Count(c => c == channel)));
        for (var a = 0; a < Channels; a++)
        {
            for (var b = 0; b < a; b++)
            {
                Assert.True(classes[a] == classes[b] == (Counts(a) == Counts(b)), $"channels {a} and {b}, seed {seed}");
            }
        }
    }
}
