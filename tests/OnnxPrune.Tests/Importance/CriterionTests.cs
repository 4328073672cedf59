using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Importance;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Importance;

public sealed class CriterionTests
{
    // Criteria sum in float or double; the naive formulas in double.
    private const double Rounding = 1e-5;

    [Fact]
    public void Scale_of_coupled_layers_is_their_maximum()
    {
        var g = new TestGraph();
        var input = g.Input(3, 4, 4);
        var left = g.BatchNorm(g.Conv(input, 3), Vector(g, 1, -5, 2));
        g.Close(g.Relu(g.Add(left, g.BatchNorm(g.Conv(g.Op("Sin", input), 3), Vector(g, -3, 1, 2)))));

        Assert.Equal([3.0, 5, 2], Score(g, new BnScale())!);
    }

    [Fact]
    public void Scale_says_nothing_where_there_is_none()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Input(3, 4, 4), 3));

        Assert.Null(Score(g, new BnScale()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Norms_of_filters_are_relative_to_their_layers_mean(int order)
    {
        var (g, rows) = OneLayer();
        var norms = rows.Select(r => order == 1 ? r.Sum(Math.Abs) : Math.Sqrt(r.Sum(w => w * w))).ToArray();

        AssertClose(Array.ConvertAll(norms, n => n / norms.Average()), Score(g, new FilterNorm(order))!);
    }

    [Fact]
    public void Geometric_median_sums_distances_to_all_other_filters()
    {
        var (g, rows) = OneLayer();
        var sums = rows.Select(r => rows.Sum(o => Math.Sqrt(r.Zip(o).Sum(p => (p.First - p.Second) * (p.First - p.Second))))).ToArray();

        AssertClose(Array.ConvertAll(sums, s => s / sums.Average()), Score(g, new GeometricMedian())!);
    }

    [Fact]
    public void Random_scores_repeat_for_a_seed()
    {
        var (g, _) = OneLayer();

        Assert.Equal(Score(g, new RandomScore(3)), Score(g, new RandomScore(3)));
        Assert.NotEqual(Score(g, new RandomScore(3)), Score(g, new RandomScore(4)));
    }

    [Fact]
    public void Every_criterion_has_its_name()
    {
        Assert.All(Criteria.Names, n => Assert.Equal(n, Criteria.Named(n, 1).Name));
        Assert.Contains("bn-scale, l1, l2", Assert.Throws<UsageException>(() => Criteria.Named("best", 1)).Message);
    }

    private static (TestGraph Graph, double[][] Rows) OneLayer()
    {
        var g = new TestGraph();
        var weight = g.Weight(5, 3, 3, 3);
        g.Close(g.Relu(g.Conv(g.Input(3, 4, 4), 5, kernel: 3, weight: weight)));
        var values = g.Build().Graph.Find(weight)!.Initializer!.ToDoubles();
        return (g, [.. values.Chunk(27)]);
    }

    private static double[]? Score(TestGraph g, Criterion criterion)
    {
        var graph = ChannelFlow.Through(ModelCopy.WithShapes(g.Build()));
        return criterion.Score(graph, graph.Groups[0]);
    }

    private static void AssertClose(double[] expected, double[] found) =>
        Assert.All(expected.Zip(found), p => Assert.InRange(p.Second, p.First - Rounding, p.First + Rounding));

    private static string Vector(TestGraph g, params float[] values) => g.Constant(Tensor.Of(values, values.Length));
}
