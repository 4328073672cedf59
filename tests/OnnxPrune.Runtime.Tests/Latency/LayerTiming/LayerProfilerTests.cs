using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Tests.Latency.LayerTiming;

public sealed class LayerProfilerTests
{
    private static readonly SessionSettings s_settings = new() { Threads = 1 };

    [Fact]
    public void Layers_are_timed_in_both_models_and_those_that_are_gone_take_nothing()
    {
        // given: a layer that makes half as much, one that reads half as much, and one that goes
        var original = Chain(256, "z = MatMul(r, v)", "y = MatMul(z, u)");
        var other = Chain(128, "z = MatMul(r, v)", "y = Relu(z)");

        // when
        var profile = Measure(original, other);

        // then
        Assert.Null(profile.WhyNone);
        Assert.InRange(profile.Runs, 3, 200);
        Assert.Equal(["MatMul0", "MatMul2", "MatMul3"], profile.Layers.Select(l => l.Name));
        Assert.Equal([64L * 256 * 256, 64 * 256 * 256, 64 * 256 * 256], profile.Layers.Select(l => l.OriginalMacs));
        Assert.Equal([64L * 256 * 128, 64 * 256 * 128, 0], profile.Layers.Select(l => l.OtherMacs));
        Assert.All(profile.Layers, l => Assert.True(l.OriginalMilliseconds > 0));
        Assert.True(profile.Layers[0].OtherMilliseconds > 0);
        Assert.Equal(0, profile.Layers[2].OtherMilliseconds);
    }

    [Fact]
    public void Models_without_a_name_in_common_are_not_compared()
    {
        var other = Read(new TinyModel().Input("x float [64, 256]").Output("y float").Weight("w", new float[256 * 256], 256, 256)
            .Node("p = Relu(x)").Node("y2 = MatMul(p, w)").Node("y = Relu(y2)"));

        Assert.Contains("no names in common", Measure(Chain(256, "y = MatMul(r, v)"), other).WhyNone);
    }

    [Fact]
    public void A_GPU_is_not_asked()
    {
        var model = Chain(256, "y = MatMul(r, v)");

        var profile = LayerProfiler.Measure(
            NetworkAnalysis.Of(model), model, s_settings with { Provider = ExecutionProvider.Cuda }, new Dictionary<string, Tensor>());

        Assert.Empty(profile.Layers);
        Assert.Contains("CPU alone", profile.WhyNone);
    }

    private static LayerProfile Measure(Model original, Model other) => LayerProfiler.Measure(
        NetworkAnalysis.Of(original),
        other,
        s_settings,
        new Dictionary<string, Tensor> { ["x"] = Tensor.Of(new float[64 * 256], 64, 256) });

    /// <summary>A product and a Relu, and what comes behind.</summary>
    private static Model Chain(int width, params string[] rest) => Read(rest.Aggregate(
        new TinyModel().Input("x float [64, 256]").Output("y float")
            .Weight("w", new float[256 * width], 256, width)
            .Weight("v", new float[width * 256], width, 256)
            .Weight("u", new float[256 * 256], 256, 256)
            .Node("h = MatMul(x, w)")
            .Node("r = Relu(h)"),
        (model, node) => model.Node(node)));

    private static Model Read(TinyModel tiny)
    {
        var model = OnnxFile.FromBytes(tiny.ToBytes());
        ShapeInference.Infer(model);
        return model;
    }
}
