using OnnxPrune.Graphs;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>
/// Times single layers on the runtime at hand. A layer by itself would mostly show what it costs to bring data into and out of the layout
/// of the kernels; so it is timed between others, there and back: a short and a long chain of the layer and its reverse are raced, and the
/// difference is what the layers take.
/// </summary>
internal static class LayerTimer
{
    private const int ShortChain = 1;
    private const int LongChain = 4;
    private const long Opset = 17;
    private const long MacsOfLongBudget = 50_000_000;
    private static readonly RaceSettings s_quick = new() { Budget = TimeSpan.FromMilliseconds(60), FewestRounds = 9 };
    private static readonly RaceSettings s_slow = new() { Budget = TimeSpan.FromMilliseconds(200), FewestRounds = 7 };

    /// <summary>
    /// Milliseconds that one run of the layer takes, batch 1; the mean of it and its reverse, where inputs and outputs differ.
    /// </summary>
    /// <param name="integers">What the layer computes with; null for floats.</param>
    public static double Measure(LayerShape shape, SessionSettings settings, QuantizationScheme? integers = null)
    {
        using var brief = OnnxSession.Open(Chain(shape, ShortChain, integers), null, settings, "a layer");
        using var longer = OnnxSession.Open(Chain(shape, LongChain, integers), null, settings, "a layer");
        long[] dims = shape.Kernel.Count == 0 ? [.. shape.Output, shape.Inputs] : [1, shape.Inputs, .. shape.Output];
        var race = InterleavedBenchmark.Run(
            [brief, longer], new Dictionary<string, Tensor> { ["x"] = Noise(dims, 1) }, shape.Macs < MacsOfLongBudget ? s_quick : s_slow);
        return Math.Max(1e-6, race.Racers[0].P50Milliseconds * (race.Racers[1].QuietRatio - 1) / (2 * (LongChain - ShortChain)));
    }

    private static byte[] Chain(LayerShape shape, int pairs, QuantizationScheme? integers)
    {
        var sketch = new SubmodelBuilder(Opset).Input("x", ElementType.Float, shape.Kernel.Count == 0 ? 2 : shape.Kernel.Count + 2);
        var x = "x";
        for (var i = 0; i < pairs; i++)
        {
            x = Layer(sketch, x, shape, $"{i}_there");
            x = Layer(sketch, x, shape with { Inputs = shape.Outputs, Outputs = shape.Inputs }, $"{i}_back");
        }

        sketch.Output(x);
        if (integers is null)
        {
            return sketch.ToBytes();
        }

        var model = OnnxFile.FromBytes(sketch.ToBytes());
        ShapeInference.Infer(model, name: "a layer");
        return OnnxFile.ToBytes(QuantizationDraft.Of(model, integers).WithAnyRanges());
    }

    private static string Layer(SubmodelBuilder sketch, string x, LayerShape shape, string name)
    {
        string made;
        if (shape.Kernel.Count == 0)
        {
            made = sketch.Node("MatMul", name, [x, Weight(sketch, name, [shape.Inputs, shape.Outputs], shape.Inputs)]);
        }
        else
        {
            var fan = shape.Kernel.Aggregate(shape.IsDepthwise ? 1 : shape.Inputs, (a, b) => a * b);
            var weight = Weight(sketch, name, [shape.Outputs, shape.IsDepthwise ? 1 : shape.Inputs, .. shape.Kernel], fan);
            long[] pads = [.. shape.Kernel.Select(k => (k - 1) / 2), .. shape.Kernel.Select(k => k / 2)];
            made = sketch.Node("Conv", name, [x, weight], ("pads", pads), ("group", shape.IsDepthwise ? shape.Outputs : 1L));
        }

        return sketch.Node("Relu", $"{name}_relu", [made]);
    }

    // Of a size that keeps activations from growing or vanishing along the chain: numbers that are too small for a float are slow.
    private static string Weight(SubmodelBuilder sketch, string name, long[] dims, long fanIn)
    {
        return sketch.Constant($"{name}_weight", Noise(dims, Math.Sqrt(2.0 / fanIn)));
    }

    private static Tensor Noise(long[] dims, double scale)
    {
        var random = new SeededRandom(0);
        var values = new float[dims.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)(scale * random.NextNormal());
        }

        return Tensor.Of(values, dims);
    }
}
