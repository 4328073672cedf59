using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Tests.Operators;

public sealed class ConvGeometryTests
{
    [Theory]
    [InlineData("SAME_UPPER", 0, 1)]
    [InlineData("SAME_LOWER", 1, 0)]
    public void Odd_padding_has_its_larger_half_where_the_attribute_says(string autoPad, long before, long after)
    {
        // 5 elements in steps of 2 give 3 outputs, which see 6 elements.
        var window = new ConvGeometry([2], [2], [1], [0], [0], autoPad).Over([5]);

        Assert.Equal((3, before, after), (window.OutputSizes[0], window.PadsBefore[0], window.PadsAfter[0]));
        Assert.False(window.IsSymmetric);
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 4)]
    public void Last_window_counts_where_lengths_are_rounded_up(bool roundsUp, long length) =>
        Assert.Equal(length, new ConvGeometry([2], [2], [1], [0], [0], RoundsUp: roundsUp).Output(0, new Dim(7)).Size);

    [Fact]
    public void Last_window_that_begins_in_the_padding_does_not_count() =>
        Assert.Equal(2, new ConvGeometry([2], [3], [1], [0], [1], RoundsUp: true).Output(0, new Dim(6)).Size);

    [Fact]
    public void Open_length_stays_where_the_window_keeps_it_and_is_unknown_elsewhere()
    {
        var open = new Dim(null, "height");

        Assert.Equal(open, new ConvGeometry([3], [1], [2], [2], [2]).Output(0, open));
        Assert.Equal(Dim.Unknown, new ConvGeometry([3], [2], [1], [1], [1]).Output(0, open));
    }

    [Fact]
    public void Transposed_window_undoes_the_lengths_of_the_plain_one()
    {
        var geometry = new ConvGeometry([3], [2], [1], [1], [1]);

        Assert.Equal(4, geometry.Output(0, new Dim(8)).Size);
        Assert.Equal(8, geometry.TransposedOutput(0, new Dim(4), outputPadding: 1).Size);
    }
}
