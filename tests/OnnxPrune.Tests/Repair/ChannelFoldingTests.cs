using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Repair;

public sealed class ChannelFoldingTests
{
    private const int Channels = 4;

    [Theory]
    [InlineData(-1)]
    [InlineData(-0.6)]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(0.9)]
    public void Rectified_normal_variables_have_the_covariance_of_the_arc_cosine_kernel(double correlation)
    {
        var relu = new HermiteExpansion(x => Math.Max(x, 0), 0, 1);
        double[] covariance = [correlation];

        new HermiteCovariances([relu]).Replace(0, covariance);

        // E[relu(x) relu(y)], Cho and Saul 2009.
        var product = (Math.Sqrt(1 - (correlation * correlation)) + (correlation * (Math.PI - Math.Acos(correlation)))) / (2 * Math.PI);
        Assert.Equal(product - (1 / (2 * Math.PI)), covariance[0], 2e-3);
        Assert.Equal(1 / Math.Sqrt(2 * Math.PI), relu.Mean, 1e-4);
        Assert.Equal(0.5 - (1 / (2 * Math.PI)), relu.Variance, 1e-4);
    }

    [Theory]
    [InlineData("Relu", 1f)]
    [InlineData("Sigmoid", 1f)]
    [InlineData("Relu", -1f)]
    public void A_channel_that_another_equals_hardly_misses(string activation, float sign)
    {
        // The last filter is the first, or its negative behind a negative scale.
        var (with, without) = Errors(activation, [1, 0, 0, 0, 1, 0, 0, 0, 1, sign, 0, 0], [1, 1, 1, sign]);

        Assert.InRange(with / without, 0, 0.15);
    }

    [Fact]
    public void A_channel_unlike_the_others_leaves_them_as_they_are()
    {
        var model = Model("Relu", [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1], [1, 1, 1, 1]);

        var pruned = Pruner.Apply(model, Plan(model));

        var (before, after) = (Reader(model).Inputs[1]!.Initializer!.ToDoubles(), Reader(pruned).Inputs[1]!.Initializer!.ToDoubles());
        Assert.Equal(before.Chunk(Channels).SelectMany(row => row[..^1]), after, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Covariances_of_a_row_are_those_of_its_pairs()
    {
        var random = new Random(7);
        HermiteExpansion[] functions = [.. Enumerable.Range(0, 11).Select(i => new HermiteExpansion(x => Math.Max(x, 0.1 * i), 0.2, i))];
        double[] correlations = [.. functions.Select(_ => (2 * random.NextDouble()) - 1)];
        var row = correlations.ToArray();

        new HermiteCovariances(functions).Replace(4, row);

        Assert.Equal(functions.Zip(correlations, (f, c) => Mehler(f, functions[4], c)), row, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    private static double Mehler(HermiteExpansion f, HermiteExpansion g, double correlation) =>
        Enumerable.Range(1, HermiteExpansion.Terms - 1)
            .Sum(n => f.Coefficients[n] * g.Coefficients[n] * Math.Pow(correlation, n));

    [Theory]
    [InlineData(ElementType.Float, false)]
    [InlineData(ElementType.Double, false)]
    [InlineData(ElementType.Float16, false)]
    [InlineData(ElementType.Float, true)]
    internal void Folded_weight_is_what_stays_and_its_share_of_what_leaves(ElementType type, bool hasInputsFirst)
    {
        // given
        var random = new Random(8);
        long[] dims = hasInputsFirst ? [6, 70] : [70, 6, 3, 3];
        var taps = hasInputsFirst ? 1 : 9;
        var weight = Tensor.FromValues(type, dims, [.. Enumerable.Range(0, 420 * taps).Select(_ => random.Next(-8, 9) / 8.0)]);
        var (outputs, inputs) = (Keep.Where(70, i => i % 3 != 1), new Keep(6, [0, 1, 4, 5]));
        double[] shares = [0.5, 0.25, 1, -0.5]; // Of 2 and 3, in 1 and 5.
        var layout = hasInputsFirst ? new WeightLayout(OutputAxis: 1, InputAxis: 0) : new WeightLayout(OutputAxis: 0, InputAxis: 1);

        // when
        var folded = new FoldedWeight(weight, layout, outputs, inputs, [1, 5], [2, 3], shares).ToTensor();

        // then
        var old = weight.ToDoubles();
        var expected = weight.ToDoubles();
        for (var o = 0; o < 70; o++)
        {
            for (var t = 0; t < taps; t++)
            {
                double Old(int input) => old[Place(o, input, t)];
                expected[Place(o, 1, t)] += (0.5 * Old(2)) + Old(3);
                expected[Place(o, 5, t)] += (0.25 * Old(2)) - (0.5 * Old(3));
            }
        }

        var masked = weight.WithValues(expected).Take(layout.OutputAxis, outputs).Take(layout.InputAxis, inputs);
        Assert.Equal(masked.Dims, folded.Dims);
        Assert.Equal(masked.ElementType, folded.ElementType);
        Assert.Equal(masked.ToDoubles(), folded.ToDoubles(), (a, b) => Math.Abs(a - b) < 1e-12);

        int Place(int output, int input, int tap) => hasInputsFirst ? (input * 70) + output : (((output * 6) + input) * 9) + tap;
    }

    private static (double With, double Without) Errors(string activation, float[] filters, float[] scale)
    {
        var model = Model(activation, filters, scale);
        var (with, without) = (Pruner.Apply(model, Plan(model)), Pruner.Apply(model, Plan(model) with { AbsorbMeans = false }));
        var inputs = RandomInputs.For(model, new Random(2), batch: 16);
        var expected = Run(model, inputs);
        return (MaskedEqualsPruned.RelativeError(
            expected, Run(with, inputs)), MaskedEqualsPruned.RelativeError(expected, Run(without, inputs)));
    }

    /// <summary>Three channels of input → filters [4, 3] → norm → activation → two outputs of pooled channels.</summary>
    private static Model Model(string activation, float[] filters, float[] scale)
    {
        var g = new TestGraph(3);
        var x = g.Conv(g.Input(3, 8, 8), Channels, bias: false, weight: g.Constant(Tensor.Of(filters, Channels, 3, 1, 1)));
        var normed = new Wire(
            g.Op("BatchNormalization", [x, g.Floats(scale), g.Floats(0.1f, 0.1f, 0.1f, 0.1f), g.Floats(0, 0, 0, 0), g.Floats(1, 1, 1, 1)]),
            Channels);
        g.Output(g.Conv(g.Op(activation, normed), 2));
        return ModelCopy.WithShapes(g.Build());
    }

    private static PruningPlan Plan(Model model)
    {
        var graph = ChannelFlow.Through(model);
        return new PruningPlan([], LayerCut.From(graph, new NodeNames(model.Graph), [Assert.Single(graph.Groups).Channels[^1]]), true);
    }

    private static Node Reader(Model model) => model.Graph.Nodes.Last(n => n.OpType == "Conv");

    private static IReadOnlyDictionary<string, Tensor> Run(Model model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(OnnxFile.ToBytes(model), null, SessionSettings.Plain);
        return session.Run(inputs);
    }
}
