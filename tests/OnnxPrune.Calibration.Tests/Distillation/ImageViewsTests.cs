using OnnxPrune.Calibration.Distillation;
using OnnxPrune.Graphs;

namespace OnnxPrune.Calibration.Tests.Distillation;

public sealed class ImageViewsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_view_is_the_image_shifted_with_its_border_repeated_and_mirrored_or_not(bool channelsLast)
    {
        long[] dims = channelsLast ? [1, 6, 7, 3] : [1, 3, 6, 7];
        var image = Tensor.Of([.. Enumerable.Range(0, 126).Select(i => (float)i)], dims);
        var seen = new HashSet<(int, int, bool)>();
        var random = new SeededRandom(1);
        for (var i = 0; i < 400; i++)
        {
            var view = new ImageViews(true, 2).Of(image, random);
            Assert.Equal(dims, view.Dims);
            seen.Add(Assert.Single(All(2), v => view.ToFloats().SequenceEqual(Expected(image, channelsLast, v))));
        }

        Assert.Equal(50, seen.Count);
    }

    [Fact]
    public void Samples_of_a_batch_have_views_of_their_own()
    {
        var image = Enumerable.Range(0, 75).Select(i => (float)i).ToArray();
        var view = new ImageViews(true, 2).Of(Tensor.Of([.. image, .. image, .. image, .. image], 4, 3, 5, 5), new SeededRandom(2));

        Assert.InRange(view.ToFloats().Chunk(75).Select(v => string.Join(' ', v)).Distinct().Count(), 2, 4);
    }

    [Fact]
    public void What_is_no_image_stays()
    {
        var rows = Tensor.Of([1f, 2f, 3f], 1, 3);

        Assert.Same(rows, new ImageViews(true, 2).Of(rows, new SeededRandom(0)));
    }

    private static IEnumerable<(int Down, int Right, bool Mirrored)> All(int shift) =>
        from down in Enumerable.Range(-shift, (2 * shift) + 1)
        from right in Enumerable.Range(-shift, (2 * shift) + 1)
        from mirrored in (bool[])[false, true]
        select (down, right, mirrored);

    private static float[] Expected(Tensor image, bool channelsLast, (int Down, int Right, bool Mirrored) view)
    {
        var from = image.ToFloats();
        float At(int c, int y, int x) => channelsLast ? from[(((y * 7) + x) * 3) + c] : from[(((c * 6) + y) * 7) + x];
        float Shown(int c, int y, int x)
        {
            var column = Math.Clamp(x - view.Right, 0, 6);
            return At(c, Math.Clamp(y - view.Down, 0, 5), view.Mirrored ? 6 - column : column);
        }

        return channelsLast
            ? [.. from y in Enumerable.Range(0, 6) from x in Enumerable.Range(0, 7) from c in Enumerable.Range(0, 3) select Shown(c, y, x)]
            : [.. from c in Enumerable.Range(0, 3) from y in Enumerable.Range(0, 6) from x in Enumerable.Range(0, 7) select Shown(c, y, x)];
    }
}
