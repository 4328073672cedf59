namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>A [N, C], B [M, C], Y [N, M]. Weights and bias are set so that every output has about mean 0 and deviation
    /// <paramref name="spread"/> over inputs: different inputs get different classes.</summary>
    public Feature Gemm(string module, Feature x, int channels, double spread = 2)
    {
        var random = new Weights(options.Seed, $"{module}.weight");
        var weights = random.Normal(channels * x.Channels, Math.Sqrt(1.0 / x.Channels));
        var raw = SampleConv.Pointwise(x.Sample, weights, null, channels);
        var variance = Enumerable.Range(0, channels).Average(c => raw.Moments(c).Variance);
        var gain = (float)(spread / Math.Sqrt(Math.Max(variance, 1e-9)));
        for (var i = 0; i < weights.Length; i++)
            weights[i] *= gain;

        var bias = random.Normal(channels, 0.25 * spread);
        for (var c = 0; c < channels; c++)
            bias[c] -= (float)(gain * raw.Moments(c).Mean);

        Macs += weights.Length;
        string[] operands =
        [
            x.Name,
            Initializer($"{module}.weight", weights, channels, x.Channels),
            Initializer($"{module}.bias", bias, channels),
        ];
        var sample = SampleConv.Pointwise(x.Sample, weights, bias, channels);
        return Emit(module, "Gemm", operands, [channels], sample,
            Attributes.Float("alpha", 1), Attributes.Float("beta", 1), Attributes.Int("transB", 1));
    }
}
