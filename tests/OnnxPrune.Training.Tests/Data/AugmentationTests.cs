using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Training.Data;

namespace OnnxPrune.Training.Tests.Data;

public sealed class AugmentationTests
{
    [Theory]
    [InlineData(new long[] { 2, 4, 5 })]
    [InlineData(new long[] { 4, 5, 3 })]
    public void Every_result_is_a_shifted_and_perhaps_mirrored_image(long[] size)
    {
        // given
        var isLast = size[2] == 3;
        var (planes, height, width) = isLast ? (3, 4, 5) : (2, 4, 5);
        int At(int c, int y, int x) => isLast ? (((y * width) + x) * planes) + c : (((c * height) + y) * width) + x;
        float[] image = [.. Enumerable.Range(1, planes * height * width).Select(i => (float)i)];
        var random = new SeededRandom(3);
        var seen = new HashSet<(int, int, bool)>();

        for (var round = 0; round < 400; round++)
        {
            // when
            var result = new float[image.Length];
            new Augmentation(2, true).Apply(image, result, size, random);

            // then
            var found = (from down in Enumerable.Range(-2, 5) from right in Enumerable.Range(-2, 5) from mirrored in new[] { false, true } where Fits(down, right, mirrored) select (down, right, mirrored)).ToArray();
            Assert.NotEmpty(found);
            seen.Add(found[0]);

            bool Fits(int down, int right, bool mirrored)
            {
                for (var i = 0; i < planes * height * width; i++)
                {
                    var (c, y, x) = (i / (height * width), i / width % height, i % width);
                    var from = (y + down, (mirrored ? width - 1 - x : x) + right);
                    var expected = from.Item1 >= 0 && from.Item1 < height && from.Item2 >= 0 && from.Item2 < width ? image[At(c, from.Item1, from.Item2)] : 0;
                    if (result[At(c, y, x)] != expected)
                    {
                        return false;
                    }
                }

                return true;
            }
        }

        Assert.Equal(50, seen.Count);
    }

    [Fact]
    public void Without_it_images_stay_as_they_are()
    {
        float[] image = [1, 2, 3, 4];
        var result = new float[4];

        Augmentation.None.Apply(image, result, [1, 2, 2], new SeededRandom(0));

        Assert.Equal(image, result);
    }
}
