using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Constants;

/// <summary>
/// Weights that the graph computes from stored ones, as exporters write reparameterized layers: they are cut, and counted, as if they were
/// stored.
/// </summary>
public sealed class ComputedWeightTests
{
    public static TheoryData<string> Forms =>
    [
        "standardized", "standardized by BatchNormalization", "standardized by InstanceNormalization",
        "standardized by MeanVarianceNormalization", "normalized", "normalized by LpNormalization",
        "spectral", "low rank", "masked", "chosen", "fake quantized", "half", "half Cast", "dequantized", "scaled by a power",
        "exponential", "split", "tiled", "expanded", "sparse", "sparse by axis", "sparse Constant",
    ];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Conv_with_a_computed_weight_is_cut(string form)
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3, weight: Make(g, form, [8, 3, 3, 3])));
        g.Close(g.Relu(g.Conv(x, 8, kernel: 3, weight: Make(g, form, [8, 8, 3, 3]))));

        // The runtime may leave out a rounding to half precision and back.
        Oracle.Holds(g.Build(), form == "half" ? MaskedEqualsPruned.HalfTolerance : MaskedEqualsPruned.Tolerance, 1, "conv1", "conv2");
        // What is stored may be narrower than what it stands for.
        Assert.Equal(CostOf(Plain()) with { Bytes = 0 }, CostOf(g) with { Bytes = 0 });
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Other_layers_with_a_computed_weight_are_cut(string form)
    {
        var g = new TestGraph();
        var x = g.Relu(new Wire(
            g.Op("ConvTranspose", [g.Conv(g.Input(3, 4, 4), 6), Make(g, form, [6, 4, 2, 2])], ("strides", new long[] { 2, 2 })), 4));
        var flat = g.Flatten(g.GlobalAveragePool(x));
        var hidden = g.Relu(new Wire(g.Op("Gemm", [flat, Make(g, form, [6, 4]), g.Weight(6)], ("transB", 1L)), 6));
        g.Output(g.Linear(new Wire(g.Op("MatMul", [hidden, Make(g, form, [6, 4])]), 4), 3));

        var layers = new[] { "conv1", "convtranspose1", "gemm1", g.Proto.Graph.Node.Last(n => n.OpType == "MatMul").Name };
        Oracle.Holds(g.Build(), form == "half" ? MaskedEqualsPruned.HalfTolerance : MaskedEqualsPruned.Tolerance, 1, layers);
    }

    [SharedCasesFact]
    public void Standardized_weights_of_the_case_are_counted()
    {
        var (cost, _) = SharedCase("t_weight_std.onnx");

        Assert.Equal(9_069_024, cost.Macs);
    }

    [SharedCasesFact]
    public void Layers_behind_MeanVarianceNormalization_and_LpNormalization_are_counted()
    {
        var (cost, uncounted) = SharedCase("mvn_lpnorm.onnx");

        Assert.Equal(11_133_248, cost.Macs);
        Assert.Empty(uncounted);
    }

    private static (Cost Cost, IReadOnlyList<UncountedLayer> Uncounted) SharedCase(string name)
    {
        var network = NetworkAnalysis.Of(ModelCopy.WithShapes(OnnxFile.Read(SharedFiles.Case(name))));
        return (network.Cost, network.Uncounted);
    }

    private static Cost CostOf(TestGraph graph) => NetworkAnalysis.Of(ModelCopy.WithShapes(graph.Build())).Cost;

    private static TestGraph Plain()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(
            g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3, weight: g.Weight(8, 3, 3, 3))), 8, kernel: 3, weight: g.Weight(8, 8, 3, 3))));
        return g;
    }

    private static string Make(TestGraph g, string form, long[] dims)
    {
        long[] allButFirst = [.. Enumerable.Range(1, dims.Length - 1).Select(a => (long)a)];
        long[] perOutput = [dims[0], .. Enumerable.Repeat(1L, dims.Length - 1)];
        string Stored() => g.Weight(0.4, dims);
        string Node(string op, params string[] inputs) => g.Op(op, inputs);
        string Back(string weight) => Node("Reshape", weight, g.Longs(dims));
        switch (form)
        {
            case "standardized":
                var w = Stored();
                var centred = Node("Sub", w, g.Op("ReduceMean", [w], ("axes", allButFirst), ("keepdims", 1L)));
                var variance = g.Op("ReduceMean", [Node("Mul", centred, centred)], ("axes", allButFirst), ("keepdims", 1L));
                var deviation = Node("Sqrt", Node("Div", Node("Mul", variance, g.Scalar(27)), g.Scalar(26)));
                return Node("Div", centred, Node("Add", deviation, g.Scalar(1e-5)));
            case "standardized by BatchNormalization":
                var folded = Node("Reshape", Stored(), g.Longs(1, dims[0], -1));
                var ones = g.Uniform(0.5, 1.5, dims[0]);
                return Back(
                    g.Ops("BatchNormalization", [
                        folded, ones, g.Weight(dims[0]), g.Weight(dims[0]), g.Uniform(0.5, 1, dims[0])
                    ], 3, ("training_mode", 1L))[0]);
            case "standardized by InstanceNormalization":
                return Back(
                    Node("InstanceNormalization", Node(
                        "Reshape", Stored(), g.Longs(1, dims[0], -1)), g.Uniform(0.5, 1.5, dims[0]), g.Weight(dims[0])));
            case "standardized by MeanVarianceNormalization":
                return g.Op("MeanVarianceNormalization", [Stored()], ("axes", allButFirst));
            case "normalized":
                var v = Stored();
                return Node(
                    "Mul", v, Node("Div", g.Uniform(0.5, 1.5, perOutput), g.Op("ReduceL2", [v], ("axes", allButFirst), ("keepdims", 1L))));
            case "normalized by LpNormalization":
                return Back(g.Op("LpNormalization", [Node("Reshape", Stored(), g.Longs(dims[0], -1))], ("axis", 1L)));
            case "spectral":
                var stored = Stored();
                var inner = dims.Skip(1).Aggregate(1L, (a, b) => a * b);
                var sigma =
                    Node("MatMul", g.Weight(dims[0]), Node("MatMul", Node("Reshape", stored, g.Longs(dims[0], -1)), g.Weight(inner)));
                return Node("Div", stored, sigma);
            case "low rank":
                return Node("Add", Stored(), Node(
                    "Reshape",
                    Node("MatMul", g.Weight(0.2, [dims[0], 2]), g.Weight(0.2, [2, dims.Skip(1).Aggregate(1L, (a, b) => a * b)])),
                    g.Longs(dims)));
            case "masked":
                return Node("Mul", Stored(), g.Op("Cast", [g.Constant(Bits(dims))], ("to", (long)ElementType.Float)));
            case "chosen":
                return Node("Where", g.Constant(Bits(dims)), Stored(), g.Scalar(0.01));
            case "fake quantized":
                return Node("Mul", Node(
                    "Clip", Node("Round", Node("Div", Stored(), g.Scalar(0.02))), g.Scalar(-100), g.Scalar(100)), g.Scalar(0.02));
            case "half":
                return g.Op(
                    "Cast", [Node("Neg", g.Op("Cast", [Stored()], ("to", (long)ElementType.Float16)))], ("to", (long)ElementType.Float));
            case "half Cast":
                return g.Op("Cast", [g.Constant(Tensor.Of([.. Numbers(dims)], dims).WithType(ElementType.Float16))], (
                    "to", (long)ElementType.Float));
            case "dequantized":
                return g.Op(
                    "DequantizeLinear",
                    [g.Constant(
                        new Tensor(ElementType.Int8, dims, Numbers(dims).Select(n => (byte)(sbyte)(n * 50)).ToArray())), g.Scalar(0.01)]);
            case "scaled by a power":
                return Node("Mul", Stored(), Node("Pow", g.Uniform(0.5, 1.5, perOutput), g.Scalar(-0.5)));
            case "exponential":
                return Node("Sub", Node("Sigmoid", Stored()), Node("Reciprocal", Node("Exp", Node("Abs", g.Weight(perOutput)))));
            case "split":
                return g.Ops("Split", [g.Weight(0.4, [2 * dims[0], .. dims[1..]])], 2, ("axis", 0L))[1];
            case "tiled":
                return Node("Mul", Node("Tile", g.Weight(0.4, perOutput), g.Longs([1, .. dims[1..]])), Stored());
            case "expanded":
                return Node("Add", Node("Expand", g.Weight(0.4, perOutput), g.Longs(dims)), Stored());
            case "sparse" or "sparse by axis":
                var name = $"sparse{g.Proto.Graph.SparseInitializer.Count}";
                var sparse = Sparse(dims, byAxis: form.EndsWith("axis", StringComparison.Ordinal));
                sparse.Values.Name = name;
                g.Proto.Graph.SparseInitializer.Add(sparse);
                return name;
            case "sparse Constant":
                var made = g.Op("Constant", []);
                g.Proto.Graph.Node[^1].Attribute.Add(
                    new AttributeProto
                    {
                        Name = "sparse_value",
                        Type = AttributeProto.Types.AttributeType.SparseTensor,
                        SparseTensor =
                        Sparse(dims, byAxis: false)
                    });
                return made;
            default:
                throw new ArgumentException(form);
        }
    }

    private static IEnumerable<float> Numbers(long[] dims) =>
        Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(i => (float)Math.Sin((i * 1.7) + 0.3));

    private static Tensor Bits(long[] dims) => new(ElementType.Bool, dims, Numbers(dims).Select(n => (byte)(n > -0.5 ? 1 : 0)).ToArray());

    /// <summary>Every third element is a number.</summary>
    private static SparseTensorProto Sparse(long[] dims, bool byAxis)
    {
        var places = Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Where(i => i % 3 == 0).Select(i => (long)i).ToArray();
        var numbers = Numbers(dims).ToArray();
        var proto = new SparseTensorProto { Values = TestGraph.Message("", Tensor.Of([.. places.Select(p => numbers[p])], places.Length)) };
        var indices = byAxis
            ? places.SelectMany(p => Enumerable.Range(0, dims.Length)
                .Select(axis => p / dims.Skip(axis + 1).Aggregate(1L, (a, b) => a * b) % dims[axis])).ToArray()
            : places;
        proto.Indices = TestGraph.Message("", Tensor.Of(indices, byAxis ? [places.Length, dims.Length] : [places.Length]));
        proto.Dims.AddRange(dims);
        return proto;
    }
}
