namespace OnnxPrune.Quantization;

/// <summary>A layer's weights as integers.</summary>
/// <param name="Values">In the layout of <see cref="LayerWeights"/>.</param>
/// <param name="Scales">One for each output channel.</param>
/// <param name="Bias">Float still: its integers are multiples of the input's scale times the output channel's. Null where nothing is
/// added.</param>
internal sealed record QuantizedWeights(sbyte[] Values, float[] Scales, float[]? Bias)
{
    // Shares of the largest weight that the range may end at; clipping more than a quarter away never pays with 7 or 8 bits.
    private const int Candidates = 25;

    // Below this, quotients are no normal numbers: such weights are zeros.
    private const double SmallestScale = 1e-30;

    // A bias must fit 32 bits beside the layer's products.
    private const double LargestBias = 1 << 30;

    /// <summary>Rounds to nearest, with the scale of the smallest squared error for each output channel.</summary>
    /// <param name="inputScale">Of what the layer reads: scales of tiny channels grow until the bias fits 32 bits.</param>
    public static QuantizedWeights Nearest(LayerWeights layer, QuantizationScheme scheme, float inputScale)
    {
        var values = new sbyte[layer.Values.Length];
        var scales = new float[layer.Outputs];
        Parallel.For(0, scales.Length, m =>
        {
            scales[m] = Scale(layer, m, scheme, inputScale);
            for (var f = 0; f < layer.Features; f++)
            {
                var place = layer.Place(m, f);
                values[place] = (sbyte)Round(layer.Values[place] / scales[m], scheme);
            }
        });

        return new QuantizedWeights(values, scales, layer.Bias);
    }

    /// <summary>The integer of a weight.</summary>
    public static int Round(double quotient, QuantizationScheme scheme) =>
        (int)Math.Clamp(Math.Round(quotient), -scheme.LargestWeight, scheme.LargestWeight);

    /// <summary>The bias as integers.</summary>
    /// <param name="inputScale">Of what the layer reads.</param>
    public int[] IntegerBias(float inputScale)
    {
        var integers = new int[Scales.Length];
        for (var m = 0; m < integers.Length; m++)
        {
            integers[m] = (int)Math.Clamp(Math.Round((Bias?[m] ?? 0) / ((double)inputScale * Scales[m])), int.MinValue, int.MaxValue);
        }

        return integers;
    }

    private static float Scale(LayerWeights layer, int output, QuantizationScheme scheme, float inputScale)
    {
        var largest = 0f;
        for (var f = 0; f < layer.Features; f++)
        {
            largest = Math.Max(largest, Math.Abs(layer.Values[layer.Place(output, f)]));
        }

        var least = layer.Bias is { } bias ? Math.Abs(bias[output]) / (LargestBias * inputScale) : 0;
        var whole = Math.Max(largest / (double)scheme.LargestWeight, least);
        if (!(whole > SmallestScale))
        {
            return 1;
        }

        var (best, smallest) = (whole, double.PositiveInfinity);
        for (var i = 0; i < Candidates; i++)
        {
            var scale = Math.Max(whole * (1 - (0.01 * i)), least);
            var error = 0.0;
            for (var f = 0; f < layer.Features; f++)
            {
                var weight = layer.Values[layer.Place(output, f)];
                var difference = weight - (Round(weight / scale, scheme) * scale);
                error += difference * difference;
            }

            if (error < smallest)
            {
                (best, smallest) = (scale, error);
            }
        }

        return (float)best;
    }
}
