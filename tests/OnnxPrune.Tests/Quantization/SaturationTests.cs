using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Quantization;

namespace OnnxPrune.Tests.Quantization;

/// <summary>
/// VPMADDUBSW multiplies bytes in pairs and adds both products in 16 bits, which saturate: what it makes of a layer's extreme values.
/// </summary>
public sealed class SaturationTests
{
    private const int Features = 36;

    [Theory]
    [InlineData("cpu", false)]
    [InlineData("cpu-avx2", true)]
    public void Only_weights_of_seven_bits_never_saturate(string target, bool isExact)
    {
        var scheme = target == "cpu" ? QuantizationScheme.Cpu : QuantizationScheme.CpuAvx2;
        var weights = Extreme(scheme);
        byte[] activations = [.. Enumerable.Repeat((byte)scheme.Highest, Features)];

        var (exact, saturating) = (Exact(activations, weights), Saturating(activations, weights));

        Assert.Equal(isExact, exact == saturating);
        Assert.Equal(scheme.LargestWeight, weights.Max());
    }

    /// <summary>A layer whose weights are all as large as its largest.</summary>
    private static sbyte[] Extreme(QuantizationScheme scheme)
    {
        var g = new Testing.TestGraph();
        var weight = g.Constant(Tensor.FromValues(ElementType.Float, [1, 4, 3, 3], [.. Enumerable.Repeat(7.5, Features)]));
        g.Output(g.Conv(g.Input(4, 8, 8), 1, kernel: 3, weight: weight));
        var layer = LayerWeights.Of(g.Build().Graph.Nodes[0], new ConstantValues(), out _)!;
        return QuantizedWeights.Nearest(layer, scheme, 0.02f).Values;
    }

    private static int Exact(byte[] activations, sbyte[] weights) => activations.Zip(weights, (a, w) => a * w).Sum();

    private static int Saturating(byte[] activations, sbyte[] weights)
    {
        var sum = 0;
        for (var i = 0; i < activations.Length; i += 2)
        {
            sum += Math.Clamp((activations[i] * weights[i]) + (activations[i + 1] * weights[i + 1]), short.MinValue, short.MaxValue);
        }

        return sum;
    }
}
