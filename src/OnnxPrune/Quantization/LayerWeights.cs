using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Quantization;

/// <summary>
/// The factors and summands of a layer: W of a Conv [M, C/group, k...], a ConvTranspose [C, M, k...], a Gemm [M, K] or [K, M], a MatMul [K,
/// M], and B [M].
/// </summary>
/// <param name="Axis">The axis of the output channels, of which each has its scale.</param>
/// <param name="Bias">Null where nothing is added.</param>
internal sealed record LayerWeights(Node Layer, float[] Values, IReadOnlyList<long> Dims, int Axis, float[]? Bias)
{
    /// <summary>M, the number of output channels.</summary>
    public int Outputs => (int)Dims[Axis];

    /// <summary>Weights of each output channel.</summary>
    public int Features => Values.Length / Outputs;

    // Weights behind the axis of outputs, for one place on it.
    private int Inner => (int)Dims.Skip(Axis + 1).Aggregate(1L, (a, b) => a * b);

    /// <summary>
    /// The layer's weights; null where they, or the bias, are no constants of a form that can be quantized, with the reason.
    /// </summary>
    public static LayerWeights? Of(Node layer, ConstantValues constants, out string? reason)
    {
        reason = null;
        if (constants[layer.Input(1)] is not { Count: > 0, ElementType: ElementType.Float } weight)
        {
            reason = "its weight is no constant of 32-bit floats";
            return null;
        }

        var isGemm = layer.OpType == "Gemm";
        if (weight.Rank < 2 || (isGemm && layer.Int("transA", 0) != 0) || (layer.OpType is "Gemm" or "MatMul" && weight.Rank != 2)
            || (layer.OpType == "ConvTranspose" && layer.Int("group", 1) != 1))
        {
            reason = "its operands have a form that has no integer kernel";
            return null;
        }

        var axis = WeightLayout.Of(layer)!.Value.OutputAxis;
        var (alpha, beta) = isGemm ? (layer.Float("alpha", 1), layer.Float("beta", 1)) : (1f, 1f);
        var bias = layer.OpType == "MatMul" ? null : layer.Input(2);
        float[]? shift = null;
        if (bias is not null)
        {
            if (constants[bias] is not { ElementType: ElementType.Float } tensor || Spread(tensor, weight.Dims[axis]) is not { } spread)
            {
                reason = "its bias is no constant with one number for each output";
                return null;
            }

            shift = Array.ConvertAll(spread, b => beta * b);
        }

        return new LayerWeights(
            layer, alpha == 1 ? weight.ToFloats() : Array.ConvertAll(weight.ToFloats(), w => alpha * w), [.. weight.Dims], axis, shift);
    }

    /// <summary>The place of a weight among all.</summary>
    /// <param name="feature">Its number among those of the output, in the order in which they are stored.</param>
    public int Place(int output, int feature) => Axis == 0
        ? (output * Features) + feature
        : (feature / Inner * Inner * Outputs) + (output * Inner) + (feature % Inner);

    private static float[]? Spread(Tensor bias, long outputs)
    {
        var values = bias.ToFloats();
        return values.Length == outputs && (bias.Rank == 0 || bias.Dims[^1] == outputs) ? values
            : values.Length == 1 ? [.. Enumerable.Repeat(values[0], (int)outputs)]
            : null;
    }
}
