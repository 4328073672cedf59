using ModelMaker.Drawings;

namespace ModelMaker.Tests;

public class DrawnImagesTests
{
    [Fact]
    public void Every_class_comes_equally_often()
    {
        var (_, labels) = new DrawnImages(seed: 1).Draw(105);

        var counts = labels.CountBy(l => l).Select(c => c.Value).ToArray();
        Assert.Equal(Shape.All.Count, counts.Length);
        Assert.All(counts, c => Assert.InRange(c, 10, 11));
    }

    [Fact]
    public void The_same_seed_draws_the_same_images_and_another_seed_others()
    {
        var (first, second, other) = (new DrawnImages(seed: 1).Draw(3), new DrawnImages(seed: 1).Draw(3), new DrawnImages(seed: 2).Draw(3));

        Assert.Equal(first.Pixels, second.Pixels);
        Assert.Equal(first.Labels, second.Labels);
        Assert.NotEqual(first.Pixels, other.Pixels);
    }

    [Fact]
    public void Figures_are_of_their_own_shape_and_lie_in_the_unit_circle()
    {
        var masks = Shape.All.Select(s => string.Concat(Grid().Select(p => s.Covers(p.X, p.Y) ? '#' : '.'))).ToArray();

        Assert.Equal(masks.Length, masks.Distinct().Count());
        Assert.All(masks, m => Assert.InRange(m.Count(c => c == '#') / (double)m.Length, 0.05, 0.6));
        Assert.All(Shape.All, s => Assert.DoesNotContain(Grid(), p => s.Covers(p.X, p.Y) && (p.X * p.X) + (p.Y * p.Y) > 1.3));
    }

    private static IEnumerable<(double X, double Y)> Grid() =>
        from x in Enumerable.Range(-16, 33)
        from y in Enumerable.Range(-16, 33)
        select (x / 12.0, y / 12.0);
}
