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
            var found = (from down in Enumerable.Range(-2, 5)
                         from right in Enumerable.Range(-2, 5)
                         from mirrored in new[] { false, true }
                         where Fits(down, right, mirrored)
                         select (down, right, mirrored))
                .ToArray();
            Assert.NotEmpty(found);
            seen.Add(found[0]);

            bool Fits(int down, int right, bool mirrored)
            {
                for (var i = 0; i < planes * height * width; i++)
                {
                    var (c, y, x) = (i / (height * width), i / width % height, i % width);
                    var from = (y + down, (mirrored ? width - 1 - x : x) + right);
                    var expected = from.Item1 >= 0 && from.Item1 < height && from.Item2 >= 0 && from.Item2 < width
                        ? image[At(c, from.Item1, from.Item2)]
                        : 0;
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

    [Theory]
    [InlineData(new long[] { 2, 6, 7 })]
    [InlineData(new long[] { 6, 7, 3 })]
    public void Cutout_lays_one_square_over_all_channels(long[] size)
    {
        // given
        var (channels, height, width) = size[2] == 3 ? (3, 6, 7) : (2, 6, 7);
        float[] image = [.. Enumerable.Repeat(1f, channels * height * width)];
        var random = new SeededRandom(3);
        var areas = new HashSet<int>();
        for (var round = 0; round < 200; round++)
        {
            // when
            var result = new float[image.Length];
            new Augmentation(0, false, Cutout: 3).Apply(image, result, size, random);

            // then
            bool IsCut(int c, int y, int x) =>
                result[size[2] == 3 ? (((y * width) + x) * channels) + c : (((c * height) + y) * width) + x] == 0;
            var cut = (from y in Enumerable.Range(0, height) from x in Enumerable.Range(0, width) where IsCut(0, y, x) select (y, x))
                .ToArray();
            var (rows, columns) = (cut.Select(p => p.y).Distinct().Count(), cut.Select(p => p.x).Distinct().Count());
            Assert.Equal(rows * columns, cut.Length);
            Assert.InRange(rows, 2, 3);
            Assert.InRange(columns, 2, 3);
            Assert.All(cut, p => Assert.All(Enumerable.Range(0, channels), c => Assert.True(IsCut(c, p.y, p.x))));
            Assert.Equal(channels * cut.Length, result.Count(v => v == 0));
            areas.Add(cut.Length);
        }

        Assert.Equal([4, 6, 9], areas.Order());
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
