using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Rewriting;

/// <summary>Weights that are stored in another type than they are used in stay stored so.</summary>
public sealed class StoredConstantTests
{
    private const int C = 8;

    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Double)]
    internal void Weight_behind_a_Cast_keeps_its_type(ElementType type)
    {
        // given
        var g = new TestGraph();
        var stored = g.Constant(RandomTensor(type, 6, C, 1, 1), "stored");
        var weight = g.Op("Cast", [stored], ("to", (long)ElementType.Float));
        g.Close(g.Conv(g.Relu(g.Conv(g.Input(3, 4, 4), C)), 6, weight: weight));

        // when
        Oracle.Holds(g, "conv1", "conv2");
        var pruned = Cut(g, "conv1", 0, 3);

        // then
        Assert.Equal((type, "6, 6, 1, 1"), Described(pruned, "stored1"));
    }

    [Fact]
    public void Scales_and_zero_points_follow_the_output_channels_of_an_integer_weight()
    {
        // given
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C, weight: Dequantized(g, "q", C, 3, 1, 1));
        g.Close(g.Conv(g.Relu(x), 6, weight: Dequantized(g, "r", 6, C, 1, 1)));

        // when
        Oracle.Holds(g, "conv1", "conv2");
        var pruned = Cut(g, "conv1", 0, 3);

        // then
        Assert.Equal((ElementType.Int8, "6, 3, 1, 1"), Described(pruned, "q1"));
        Assert.Equal((ElementType.Float, "6"), Described(pruned, "q.scale1"));
        Assert.Equal((ElementType.Int8, "6"), Described(pruned, "q.zero1"));
        Assert.Equal((ElementType.Int8, "6, 6, 1, 1"), Described(pruned, "r1"));
        Assert.Equal((ElementType.Float, "6"), Described(pruned, "r.scale1"));
    }

    [Fact]
    public void Weight_that_is_quantized_in_the_graph_stays_in_floating_point_before()
    {
        var g = new TestGraph();
        var (scale, zero) = (g.Uniform(0.01, 0.02, C), g.Constant(Whole(ElementType.Int8, C), "zero"));
        var rounded = g.Op("QuantizeLinear", [g.Weight(C, 3, 1, 1), scale, zero], ("axis", 0L));
        g.Close(g.Relu(g.Conv(g.Input(3, 4, 4), C, weight: g.Op("DequantizeLinear", [rounded, scale, zero], ("axis", 0L)))));

        Oracle.Holds(g, "conv1");
        Assert.Contains(Cut(g, "conv1", 1).Graph.Nodes, n => n.OpType == "QuantizeLinear" && n.Output.Shape![0].Size == C - 1);
    }

    [Fact]
    public void Stored_weight_that_another_node_reads_keeps_its_channels_for_that_one()
    {
        var g = new TestGraph();
        var stored = g.Constant(RandomTensor(ElementType.Float16, C, C, 1, 1), "stored");
        var weight = g.Op("Cast", [stored], ("to", (long)ElementType.Float));
        var other = g.Op("Cast", [stored], ("to", (long)ElementType.Float));
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), C));
        g.Output(g.Conv(g.Conv(x, C, weight: weight), 2), g.Conv(g.Relu(g.Conv(g.Input(C, 4, 4), C, weight: other)), 3));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Blocks_along_an_axis_are_not_followed()
    {
        var g = new TestGraph { Opset = 21 };
        var weight = g.Op(
            "DequantizeLinear",
            [g.Constant(Whole(ElementType.Int8, C, 4, 1, 1), "q"), g.Uniform(0.01, 0.02, C, 2, 1, 1)],
            ("axis", 1L),
            ("block_size", 2L));
        g.Close(g.Conv(g.Relu(g.Conv(g.Input(3, 4, 4), 4)), C, weight: weight));

        Oracle.Blocks(g, "conv1", "Conv 'conv2' has a weight that is no constant");
    }

    private static string Dequantized(TestGraph g, string name, params long[] dims) => g.Op(
        "DequantizeLinear",
        [g.Constant(Whole(ElementType.Int8, dims), name), g.Constant(
            Scales((int)dims[0]), $"{name}.scale"), g.Constant(Whole(ElementType.Int8, dims[0]), $"{name}.zero")],
        ("axis", 0L));

    private static Tensor Scales(int count) => Tensor.Of([.. Enumerable.Range(1, count).Select(i => 0.02f * i)], count);

    private static Tensor Whole(ElementType type, params long[] dims) =>
        new Tensor(type, [0], Array.Empty<byte>())
            .WithValues([.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(i => (double)(((i * 37) % 101) - 50))], dims);

    private static Tensor RandomTensor(ElementType type, params long[] dims)
    {
        var random = new Random(3);
        return new Tensor(type, [0], Array.Empty<byte>())
            .WithValues([.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => RandomWeights.Normal(random))], dims);
    }

    private static Model Cut(TestGraph g, string layer, params int[] indices)
    {
        var model = ModelCopy.WithShapes(g.Build());
        var made = ChannelFlow.Through(model).MadeBy(model.Graph.Nodes.Single(n => n.Label == layer), 1)!;
        return Pruner.Apply(model, new PruningPlan([], [new LayerCut(layer, 1, made.Count, indices)], false));
    }

    private static (ElementType Type, string Dims) Described(Model model, string initializer) =>
        model.Graph.Find(initializer)!.Initializer is { } tensor ? (tensor.ElementType, string.Join(", ", tensor.Dims)) : default;
}
