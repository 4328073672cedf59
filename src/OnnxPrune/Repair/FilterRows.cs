using OnnxPrune.Algebra;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Repair;

/// <summary>
/// The filters of a Conv in front of a BatchNormalization, one row [C · kH · kW] a channel, turned round where the norm does.
/// </summary>
internal sealed class FilterRows
{
    private readonly Tensor _weight;
    private readonly int _length;
    private readonly double[] _signs;

    private FilterRows(Tensor weight, double[] signs, int length) => (_weight, _signs, _length) = (weight, signs, length);

    public int Count => _signs.Length;

    /// <summary>The filters that make a norm's channels; null where these do not sum over the same inputs.</summary>
    public static FilterRows? Before(Node norm, ConstantValues constants)
    {
        if (norm.Required(0).Producer is not { OpType: "Conv", Domain: "" } conv
            || conv.Int("group", 1) != 1
            || constants[conv.Input(1)] is not { } weight
            || constants[norm.Input(1)]?.ToDoubles() is not { Length: > 0 } scale
            || weight.Dims[0] != scale.Length
            || weight.Count < scale.Length)
        {
            return null;
        }

        return new FilterRows(
            weight.ElementType == ElementType.Float ? weight : Tensor.Of(weight.ToFloats(), [.. weight.Dims]),
            Array.ConvertAll(scale, s => double.CopySign(1, s)),
            (int)(weight.Count / scale.Length));
    }

    /// <summary>
    /// The cosines of some rows with the first ones and with each other: [N, M], row after row. What lies above the diagonal stays zero.
    /// </summary>
    /// <param name="order">The N rows.</param>
    /// <param name="width">M, at most N.</param>
    public double[] Cosines(int[] order, int width)
    {
        var products = DenseProduct.OfRows(k => Row(order[k]), order.Length, width);
        double[] factors = [.. order.Select(c => Math.Sqrt(DenseKernels.Squares(Row(c))) is > 0 and var size ? _signs[c] / size : 0)];
        for (var k = 0; k < order.Length; k++)
        {
            for (var i = 0; i < Math.Min(k + 1, width); i++)
            {
                products[(k * width) + i] *= factors[k] * factors[i];
            }
        }

        return products;
    }

    private ReadOnlySpan<float> Row(int channel) => _weight.As<float>().Slice(channel * _length, _length);
}
