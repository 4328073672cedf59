using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Rewriting;

public sealed class SubnormalWeightsTests
{
    private const float Tiny = 1e-33f;

    // Neither is too small by itself, their product is.
    private const float Small = 1e-17f;
    private const int Outputs = 4;
    private const int Features = 27;

    [Theory]
    [InlineData("weights", 2 * Features)]
    [InlineData("weights and scales", (2 * Features) + 4)]
    [InlineData("weights, biases and scales", (2 * Features) + 6)]
    [InlineData("scales, shifts and means", 6)]
    [InlineData("linear", 6)]
    [InlineData("transposed linear", 6)]
    public void They_become_zeros_and_nothing_else_changes(string kind, int vanishing)
    {
        var g = new TestGraph();
        var image = kind.EndsWith("linear", StringComparison.Ordinal) ? g.Input(3) : g.Input(3, 6, 6);
        string Weight(float factor) => g.Constant(Fading([Outputs, 3, 3, 3], Features, factor));
        string Conv(params string[] inputs) => g.Op("Conv", inputs, ("pads", (long[])[1, 1, 1, 1]));
        Wire Norm(string x, int channels, float scale, float shift, float mean) => new(
            g.Op(
                "BatchNormalization",
                [x, g.Constant(Fading([channels], 1, scale)), g.Constant(
                    Fading([channels], 1, shift)), g.Constant(Fading([channels], 1, mean)), g.Uniform(0.5, 1.5, channels)]), channels);
        g.Output(kind switch
        {
            "weights" => new Wire(Conv(image, Weight(Tiny)), Outputs),
            "weights and scales" => Norm(Conv(image, Weight(Small)), Outputs, Small * Small, 1, 1),
            "weights, biases and scales" =>
                Norm(Conv(image, Weight(Small), g.Constant(Fading([Outputs], 1, Small))), Outputs, Small * Small, 1, 1),
            "scales, shifts and means" => Norm(g.Op("Relu", [Conv(image, g.Weight(Outputs, 3, 3, 3))]), Outputs, Tiny, Tiny, Small),
            "linear" => new Wire(g.Op("Gemm", [image, g.Constant(Fading([3, Outputs], 1, Tiny))]), Outputs),
            _ => new Wire(g.Op("Gemm", [image, g.Constant(Fading([Outputs, 3], 3, Tiny))], ("transB", 1L)), Outputs),
        });
        var model = ModelCopy.WithShapes(g.Build());
        var inputs = RandomInputs.For(model, new Random(1));
        var expected = Run(model, inputs);

        Assert.Equal(vanishing, SubnormalWeights.Count(model));
        Assert.Equal(vanishing, SubnormalWeights.Clear(model));
        Assert.Equal(0, SubnormalWeights.Count(model));
        Assert.True(MaskedEqualsPruned.RelativeError(expected, Run(model, inputs)) < 1e-7);
        Assert.Equal(vanishing, model.Graph.Initializers.Sum(i => i.Initializer!.As<float>().ToArray().Count(v => v == 0)));
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(Tiny)]
    public void Where_all_weights_of_a_layer_are_of_one_size_none_of_them_vanishes(float size)
    {
        var g = new TestGraph();
        var weight = g.Constant(Tensor.Of([.. Enumerable.Range(1, Outputs * Features).Select(i => i * size)], Outputs, 3, 3, 3));
        g.Output(new Wire(g.Op("Conv", [g.Input(3, 6, 6), weight]), Outputs));

        Assert.Equal(0, SubnormalWeights.Count(ModelCopy.WithShapes(g.Build())));
    }

    [Fact]
    public void Weights_that_a_norm_multiplies_with_zero_do_not_vanish()
    {
        var g = new TestGraph();
        g.Output(g.BatchNorm(g.Conv(g.Input(3, 6, 6), Outputs, 3), scale: g.Floats(1, 0, 1, 0)));

        Assert.Equal(0, SubnormalWeights.Count(ModelCopy.WithShapes(g.Build())));
    }

    /// <summary>Ordinary numbers, but for every other run of them.</summary>
    private static Tensor Fading(long[] dims, int run, float factor) =>
        Tensor.Of(
            [.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(i => (1 + (i % 5)) * (i / run % 2 == 0 ? 1 : factor))], dims);

    private static IReadOnlyDictionary<string, Tensor> Run(Model model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(OnnxFile.ToBytes(model));
        return session.Run(inputs);
    }
}
