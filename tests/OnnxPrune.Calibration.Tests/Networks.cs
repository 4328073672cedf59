using OnnxPrune.Calibration.Activations;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests;

/// <summary>Small networks of every kind that calibration must hold on, [N, 3, 8, 8] → 4 classes.</summary>
internal static class Networks
{
    public static TheoryData<string> Kinds { get; } =
    [
        "chain", "identity", "projection", "late projection", "padded", "concat", "se", "inverted residual", "pre-activation",
        "grouped", "wide linear", "transposed conv", "matmul", "perceptron", "half", "fixed batch", "channels last", "two outputs",
        "computed size",
    ];

    public static Model Make(string kind)
    {
        var g = new TestGraph(5) { Type = kind == "half" ? ElementType.Float16 : ElementType.Float };
        var x = kind switch
        {
            "fixed batch" => g.Input(g.Type, [1, 3, 8, 8], 3),
            "channels last" => FromChannelsLast(g),
            _ => g.Input(3, 8, 8),
        };
        var stem = g.ConvBnRelu(x, 16);
        switch (kind)
        {
            case "chain" or "half" or "fixed batch" or "channels last":
                g.Classify(g.ConvBnRelu(g.ConvBnRelu(stem, 24), 16), 4);
                break;
            case "two outputs":
                g.Classify(stem, 4);
                g.Classify(g.ConvBnRelu(g.ConvBnRelu(stem, 24), 16), 4);
                break;
            case "identity":
                g.Classify(Block(g, Block(g, stem, stem, 1), null, 1), 4);
                break;
            case "projection":
                g.Classify(Block(g, stem, g.BatchNorm(g.Conv(stem, 24, stride: 2)), 2), 4);
                break;
            case "late projection":
                var branch = g.BatchNorm(g.Conv(g.ConvBnRelu(stem, 16), 24, 3, 2));
                var shortcut = g.BatchNorm(g.Conv(stem, 24, stride: 2));
                g.Classify(g.ConvBnRelu(g.Relu(g.Add(branch, shortcut)), 16), 4);
                break;
            case "padded":
                var pooled = g.Op("AveragePool", stem, ("kernel_shape", new long[] { 1, 1 }), ("strides", new long[] { 2, 2 }));
                var padded = new Wire(g.Op("Pad", [pooled, g.Longs(0, 4, 0, 0, 0, 4, 0, 0)]), 24);
                g.Classify(Block(g, stem, padded, 2), 4);
                break;
            case "concat":
                var one = g.Concat(1, stem, g.ConvBnRelu(stem, 8));
                g.Classify(g.ConvBnRelu(g.Concat(1, one, g.ConvBnRelu(one, 8)), 16, 1), 4);
                break;
            case "se":
                var wide = g.ConvBnRelu(stem, 24);
                var gate = g.Op("Sigmoid", g.Conv(g.Relu(g.Conv(g.GlobalAveragePool(wide), 8)), 24));
                g.Classify(g.ConvBnRelu(g.Binary("Mul", wide, gate), 16), 4);
                break;
            case "inverted residual":
                var expanded = g.Relu(g.BatchNorm(g.Depthwise(g.ConvBnRelu(stem, 32, 1))));
                g.Classify(g.Relu(g.Add(stem, g.BatchNorm(g.Conv(expanded, 16, bias: false)))), 4);
                break;
            case "pre-activation":
                var sum = g.Add(stem, g.Conv(g.ConvBnRelu(g.Relu(g.BatchNorm(stem)), 24), 16, 3));
                g.Classify(g.Relu(g.BatchNorm(sum)), 4);
                break;
            case "grouped":
                g.Classify(g.ConvBnRelu(g.ConvBnRelu(g.ConvBnRelu(stem, 32), 32, group: 2), 16), 4);
                break;
            case "wide linear":
                g.Output(g.Linear(g.Relu(g.Linear(g.Flatten(g.ConvBnRelu(stem, 8), 64), 32)), 4));
                break;
            case "transposed conv":
                g.Classify(g.ConvBnRelu(g.Relu(g.ConvTranspose(stem, 16)), 16), 4);
                break;
            case "computed size":
                // The lengths that a later part needs are numbers of an earlier one.
                string[] lengths = [.. new[] { 2L, 3L }.Select(axis => g.Op(
                    "Gather", [g.Op("Shape", [stem]), g.Constant(new Tensor(ElementType.Int64, [], BitConverter.GetBytes(axis)))]))];
                var small = g.ConvBnRelu(stem, 24, stride: 2);
                var positions = g.Op("Concat", [.. lengths.Select(n => g.Op("Unsqueeze", [n, g.Longs(0)]))], ("axis", 0L));
                var front = g.Op("Slice", [g.Op("Shape", [small]), g.Longs(0), g.Longs(2), g.Longs(0)]);
                var size = g.Op("Concat", [front, g.Op("Cast", [positions], ("to", (long)ElementType.Int64))], ("axis", 0L));
                var large = new Wire(g.Op("Resize", [small, "", "", size], ("mode", "linear")), 24);
                g.Classify(g.ConvBnRelu(g.Concat(1, stem, large), 16), 4);
                break;
            case "matmul":
                var hidden = g.Relu(new Wire(g.Op("MatMul", [g.Flatten(g.GlobalAveragePool(stem)), g.Weight(0.3, [16, 24])]), 24));
                g.Output(new Wire(g.Op("MatMul", [hidden, g.Weight(0.3, [24, 4])]), 4));
                break;
            case "perceptron":
                var rows = g.Op("Transpose", stem, ("perm", new long[] { 0, 2, 3, 1 }));
                var inner = g.Relu(new Wire(g.Op("Add", [g.Op("MatMul", [rows, g.Weight(0.3, [16, 24])]), g.Weight(24)]), 24));
                var outer = g.Add(new Wire(g.Op("Add", [g.Weight(16), g.Op("MatMul", [inner, g.Weight(0.3, [24, 16])])]), 16), rows);
                g.Classify(g.Op("Transpose", outer, ("perm", new long[] { 0, 3, 1, 2 })) with { Channels = 16 }, 4);
                break;
            default:
                throw new ArgumentException(kind);
        }

        return ModelCopy.WithShapes(g.Build());
    }

    /// <summary>Batches of smooth inputs, as images are.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Inputs(Model model, int seed, int batches)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, batches).Select(_ => RandomInputs.For(model, random, batch: 16))];
    }

    /// <summary>The distance of a changed network's outputs from the original's.</summary>
    public static double Divergence(
        Model original, Model changed, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> inputs, SessionSettings settings)
    {
        using var reference = new LayerwiseExecutor(original, inputs, settings);
        using var cursor = new LayerwiseExecutor(changed, inputs, settings);
        return new OutputDivergence(original, reference).Measure(cursor);
    }

    private static Wire FromChannelsLast(TestGraph g) =>
        g.Op("Transpose", g.Input(g.Type, [-1, 8, 8, 3], 3), ("perm", new long[] { 0, 3, 1, 2 }));

    private static Wire Block(TestGraph g, Wire x, Wire? shortcut, int stride)
    {
        var other = shortcut ?? x;
        return g.Relu(g.Add(g.BatchNorm(g.Conv(g.ConvBnRelu(x, 24, 3, stride), other.Channels, 3, bias: false)), other));
    }
}
