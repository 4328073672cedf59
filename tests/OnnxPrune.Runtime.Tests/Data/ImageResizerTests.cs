using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;

namespace OnnxPrune.Runtime.Tests.Data;

public sealed class ImageResizerTests
{
    /// <summary>
    /// A pattern of 7x5 pixels, and the first values of what Pillow 9.4 makes of it by <c>resize((width, height), Image.BILINEAR)</c>.
    /// </summary>
    [Theory]
    [InlineData(3, 4, new[]
    {
        47, 127, 155, 114, 163, 123, 155, 118, 81, 133, 68, 141, 147, 105, 83, 129, 80, 119, 69, 103, 172, 89, 137, 193, 164, 62, 142, 67,
        126, 164, 112, 192, 103, 180, 125, 89,
    })]
    [InlineData(
        8, 11, new[] { 0, 80, 160, 17, 97, 177, 40, 120, 200, 64, 144, 224, 87, 167, 154, 111, 191, 15, 135, 215, 39, 158, 168, 62 })]
    public void Pixels_are_those_of_Pillow(int shorter, int width, int[] expected)
    {
        var pattern =
            from y in Enumerable.Range(0, 5)
            from x in Enumerable.Range(0, 7)
            from c in Enumerable.Range(0, 3)
            select (byte)((37 * x) + (59 * y) + (c * 80) + (x * y * 13 % 50));

        var resized = ImageResizer.Resize(new Tensor(ElementType.UInt8, [5, 7, 3], pattern.ToArray()), shorter);

        Assert.Equal([shorter, width, 3], resized.Dims);
        // Both round between their two passes, which leaves one step of difference.
        Assert.All(resized.Data.ToArray().Zip(expected), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
    }

    [Theory]
    [InlineData(375, 500, 256, 256, 341)]
    [InlineData(500, 375, 256, 341, 256)]
    [InlineData(32, 32, 224, 224, 224)]
    public void The_shorter_side_gets_the_length_and_the_longer_follows(
        long height, long width, int shorter, long newHeight, long newWidth) =>
        Assert.Equal((newHeight, newWidth), ImageResizer.SizeOf(height, width, shorter));
}
