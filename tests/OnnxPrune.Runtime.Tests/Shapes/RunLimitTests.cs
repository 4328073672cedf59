using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Testing;

namespace OnnxPrune.Runtime.Tests.Shapes;

/// <summary>Small files that ask for all memory, or for ever.</summary>
public sealed class RunLimitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Large =>
        ["ConstantOfShape", "Expand", "Tile", "Concat", "Resize", "Pad", "OneHot", "activations", "many constants", "stated"];

    [Theory]
    [MemberData(nameof(Large))]
    public void Values_that_are_far_larger_than_the_model_are_refused_before_they_are_computed(string kind)
    {
        // given
        var model = Make(kind).Build();

        // when
        var e = Assert.Throws<UnsupportedModelException>(() => ShapeInference.Infer(model, name: "large.onnx"));

        // then
        Assert.StartsWith("'large.onnx': ", e.Message);
        Assert.Contains(" MB", e.Message);
        Assert.Contains("ONNXPRUNE_MEMORY_LIMIT", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Sizes_that_shapes_do_not_tell_are_stopped_in_the_process_of_the_guard()
    {
        // given: four gigabytes, of whose size the model says nothing.
        var g = new TestGraph();
        var ones = g.Op("Exp", [g.Op("Mul", [g.Input(3, 4, 4), g.Scalar(0)])]);
        var size = g.Op(
            "Cast", [g.Op("Mul", [g.Op("ReduceMax", [ones], ("keepdims", 0L)), g.Scalar(1L << 30)])], ("to", (long)ElementType.Int64));
        g.Output(new Wire(g.Op("ReduceMax", [g.Op("ConstantOfShape", [g.Op("Reshape", [size, g.Longs(1)])])], ("keepdims", 0L)), 0));
        var path = Write(g);

        // when
        var inputs = new Dictionary<string, Tensor> { ["input1"] = Tensor.Of(new float[48], 1, 3, 4, 4) };
        var e = Assert.Throws<UnsupportedModelException>(() => new LoadGuard().Check(path, inputs, mostBytes: 1L << 25));

        // then
        Assert.Contains("of memory", e.Message);
    }

    [Fact]
    public void Loop_without_an_end_is_stopped_in_the_process_of_the_guard()
    {
        var path = Write(Endless());

        var e = Assert.Throws<UnsupportedModelException>(() => new LoadGuard(TimeSpan.FromSeconds(5)).Check(path, Input(), 1L << 30));

        Assert.Contains("not done in 5 s", e.Message);
        Assert.Contains("ONNXPRUNE_TIME_LIMIT", e.Message);
    }

    [Fact]
    public void Loop_without_an_end_is_stopped_in_our_own_process()
    {
        using var session =
            OnnxSession.Open(Endless().Build(), SessionSettings.Plain with { RunLimit = TimeSpan.FromSeconds(2) }, "endless.onnx");

        var e = Assert.Throws<UnsupportedModelException>(() => session.Run(Input()));

        Assert.StartsWith("'endless.onnx': one run of the model is not done in 2 s", e.Message);
    }

    [Fact]
    public void Loop_without_an_end_is_stopped_in_a_race()
    {
        using var session =
            OnnxSession.Open(Endless().Build(), SessionSettings.Plain with { RunLimit = TimeSpan.FromSeconds(2) }, "endless.onnx");

        var e = Assert.Throws<UnsupportedModelException>(() => InterleavedBenchmark.Run([session], Input()));

        Assert.StartsWith("'endless.onnx': one run of the model is not done in 2 s", e.Message);
    }

    [Theory]
    [InlineData("Div")]
    [InlineData("Mod")]
    public void Integers_that_end_the_process_when_they_are_folded_are_refused(string op)
    {
        var g = new TestGraph();
        var length = g.Op("Cast", [g.Op("Shape", [g.Op(op, [g.Longs(long.MinValue), g.Longs(-1)])])], ("to", (long)ElementType.Float));
        g.Close(new Wire(g.Op("Add", [g.Conv(g.Input(3, 4, 4), 4), g.Op("ReduceMax", [length], ("keepdims", 0L))]), 4));
        Assert.True(LoadGuard.IsNeededFor(g.Build().Graph));

        var e = Assert.Throws<UnsupportedModelException>(() => new LoadGuard().Check(Write(g), Input(), 1L << 30));

        Assert.Contains("does not survive loading it", e.Message);
    }

    [Fact]
    public void Division_of_integers_by_zero_does_not_end_our_process()
    {
        var g = new TestGraph();
        var zero = g.Op("Cast", [g.Op("Div", [g.Longs(3), g.Longs(0)])], ("to", (long)ElementType.Float));
        g.Close(new Wire(g.Op("Add", [g.Conv(g.Input(3, 4, 4), 4), g.Op("ReduceMax", [zero], ("keepdims", 0L))]), 4));

        // Whether the runtime survives it depends on its version; the guard is asked in any case.
        Assert.True(LoadGuard.IsNeededFor(g.Build().Graph));
    }

    [Fact]
    public void Integers_that_are_known_to_be_harmless_need_no_guard()
    {
        var g = new TestGraph();
        var width = g.Op("Div", [g.Longs(12), g.Longs(2)]);
        g.Close(new Wire(g.Op("Reshape", [g.Conv(g.Input(3, 4, 6), 4), g.Op("Concat", [g.Longs(-1, 4, 4), width], ("axis", 0L))]), 4));

        Assert.False(LoadGuard.IsNeededFor(g.Build().Graph));
    }

    private static TestGraph Make(string kind)
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), 4);
        string Filled(params ReadOnlySpan<long> dims) => g.Op("ConstantOfShape", [g.Longs(dims)]);
        var large = kind switch
        {
            "ConstantOfShape" => Filled(1L << 30),
            "Expand" => g.Op("Expand", [x, g.Longs(1 << 26, 4, 4, 4)]),
            "Tile" => g.Op("Tile", [x, g.Longs(1, 1, 1 << 15, 1 << 13)]),
            "Concat" => g.Op("Concat", [.. Enumerable.Repeat(Filled(1 << 14, 1 << 10), 20)], ("axis", 0L)),
            "Resize" => g.Op("Resize", [x, "", "", g.Longs(1, 4, 1 << 15, 1 << 15)]),
            "Pad" => g.Op("Pad", [x, g.Longs(0, 0, 1 << 16, 0, 0, 0, 0, 1 << 14)]),
            "OneHot" =>
                g.Op("OneHot", [g.Longs([.. Enumerable.Repeat(0L, 64)]), g.Constant(Tensor.Of([1L << 25], 1).Reshape()), g.Floats(0, 1)]),
            "activations" => g.Op("Conv", [x, g.Weight(4, 4, 1, 1)], ("pads", new long[] { 1 << 14, 1 << 14, 1 << 14, 1 << 14 })),
            "many constants" => Enumerable.Range(0, 8)
                .Select(_ => g.Op("ReduceMax", [g.Op("Exp", [Filled(1 << 14, 1 << 13)])], ("keepdims", 0L)))
                .Aggregate((a, b) => g.Op("Add", [a, b])),
            _ => Filled(1L << 31),
        };
        var number = g.Op("ReduceMax", [large], ("keepdims", 0L));
        g.Close(new Wire(g.Op("Add", [x, number]), 4));
        if (kind == "stated")
        {
            foreach (var node in g.Proto.Graph.Node)
            {
                long[] dims = node.Output[0] == large ? [1L << 31] : node.Output[0] == number ? [] : [-1, 4, 4, 4];
                g.Proto.Graph.ValueInfo.Add(TestGraph.Describe(node.Output[0], ElementType.Float, dims));
            }
        }

        return g;
    }

    private static TestGraph Endless()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), 4);
        var body = new GraphProto { Name = "body" };
        body.Input.Add(TestGraph.Describe("i", ElementType.Int64, []));
        body.Input.Add(TestGraph.Describe("more", ElementType.Bool, []));
        body.Input.Add(new ValueInfoProto { Name = "v" });
        body.Node.Add(new NodeProto { OpType = "Identity", Input = { "more" }, Output = { "again" } });
        body.Node.Add(new NodeProto { OpType = "Identity", Input = { "v" }, Output = { "w" } });
        body.Output.Add(new ValueInfoProto { Name = "again" });
        body.Output.Add(new ValueInfoProto { Name = "w" });
        body.Input[2].Type = TestGraph.Describe("v", ElementType.Float, []).Type;
        body.Input[2].Type.TensorType.Shape = null;
        var trips = g.Constant(Tensor.Of([1L << 62], 1).Reshape());
        g.Close(new Wire(g.Op("Loop", [trips, g.Constant(new Tensor(ElementType.Bool, [], new byte[] { 1 })), x], ("body", body)), 4));
        return g;
    }

    private static Dictionary<string, Tensor> Input() => new() { ["input1"] = Tensor.Of(new float[48], 1, 3, 4, 4) };

    public void Dispose() => _folder.Dispose();

    private string Write(TestGraph g)
    {
        var path = _folder["model.onnx"];
        File.WriteAllBytes(path, g.ToBytes());
        return path;
    }
}
