using OnnxPrune.Training.LowBits;

namespace OnnxPrune.Training.Tests.LowBits;

public sealed class BitWidthsTests
{
    [Theory]
    [InlineData("w=4,a=8", 4, 8)]
    [InlineData("w=2", 2, 8)]
    [InlineData("a=float, w=3", 3, null)]
    public void Both_widths_are_read(string text, int weights, int? activations) =>
        Assert.Equal(new BitWidths(weights, activations), BitWidths.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("4")]
    [InlineData("a=8")]
    [InlineData("w=1")]
    [InlineData("w=9")]
    [InlineData("w=four")]
    [InlineData("w=4,a=16")]
    [InlineData("w=4;a=8")]
    [InlineData("w=float")]
    public void Other_text_is_refused_with_an_example(string text) =>
        Assert.Contains("such as w=4,a=8", Assert.Throws<UsageException>(() => BitWidths.Parse(text)).Message);
}
