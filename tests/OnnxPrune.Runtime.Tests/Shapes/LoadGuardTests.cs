using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Runtime.Tests.Shapes;

/// <summary>
/// These models end any process that gives them to ONNX Runtime: where the guard fails, so does the whole run of the tests.
/// </summary>
public sealed class LoadGuardTests
{
    [Fact]
    public void A_model_that_ends_its_process_is_refused_in_a_sentence()
    {
        var e = Assert.Throws<UnsupportedModelException>(() => ShapeInference.Infer(Sliced(-6), name: "deadly.onnx"));

        Assert.DoesNotContain("\n", e.Message);
    }

    [Fact]
    public void Where_a_closer_look_would_end_the_process_shapes_stay_open()
    {
        var g = new TestGraph();
        var weight = g.Op("ConstantOfShape", [g.Longs(6, 0, 1, long.MaxValue - 1)]);
        g.Output(g.BatchNorm(new Wire(g.Op("Conv", [g.Conv(g.Input(3, 8, 8), 27), weight], ("kernel_shape", new long[] { 1, 1 })), 6)));
        var model = g.Build();

        ShapeInference.Infer(model);

        Assert.Equal(4, model.Graph.Nodes[^1].Output.Shape?.Rank);
    }

    [Fact]
    public void The_process_is_replaced_and_other_models_load_afterwards()
    {
        var guard = new LoadGuard();
        var (sound, deadly) = (OnnxFile.ToBytes(Sliced(1)), OnnxFile.ToBytes(Sliced(-6)));

        guard.Check(sound, Optimization.None, "sound.onnx");
        var e = Assert.Throws<UnsupportedModelException>(() => guard.Check(deadly, Optimization.None, "deadly.onnx"));
        guard.Check(sound, Optimization.Basic, "sound.onnx");

        Assert.StartsWith("deadly.onnx: ONNX Runtime does not survive loading it (", e.Message);
    }

    [Fact]
    public void A_model_that_is_refused_without_harm_is_left_to_whoever_loads_it() =>
        new LoadGuard().Check([1, 2, 3], Optimization.None, "no model");

    [Fact]
    public void Models_without_what_is_dangerous_are_not_asked_about()
    {
        var g = new TestGraph();
        g.Classify(g.ConvBnRelu(g.Input(3, 8, 8), 8), 4);

        Assert.False(LoadGuard.IsNeededFor(g.Build().Graph));
        Assert.True(LoadGuard.IsNeededFor(Sliced(1).Graph));
    }

    /// <summary>Rows are padded at both ends, pooled by three and sliced.</summary>
    private static Model Sliced(long pad)
    {
        var g = new TestGraph();
        var padded = g.Op("Pad", [g.Conv(g.Input(3, 8, 8), 4), g.Longs(0, 0, pad, 0, 0, 0, pad, 0)]);
        var pooled = g.Op("AveragePool", [padded], ("kernel_shape", new long[] { 3, 3 }));
        g.Output(new Wire(g.Op("Slice", [pooled, g.Longs(1), g.Longs(100), g.Longs(2)]), 4));
        return g.Build();
    }
}
