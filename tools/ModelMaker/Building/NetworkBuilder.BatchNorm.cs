namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    private const float Epsilon = 1e-5f;

    /// <summary>
    /// X [N, C, H, W], Y the same. Mean and variance are near those of the sample, shifted and scaled per channel; a third
    /// of the scales is weak.
    /// </summary>
    /// <param name="module">Module path.</param>
    /// <param name="x">X.</param>
    /// <param name="strength">Factor on the scales: below 1 for the last BN of a residual branch, or deep networks explode.</param>
    public Feature BatchNorm(string module, Feature x, double strength = 1)
    {
        var random = new Weights(options.Seed, module);
        var (scale, shift) = ScaleAndShift(random, x.Channels, strength);
        var (mean, variance) = Statistics(random, x.Sample);
        var (factor, offset) = SampleOps.Affine(scale, shift, mean, variance, Epsilon);
        var sample = SampleOps.Scale(x.Sample, factor, offset);
        string[] operands =
        [
            x.Name,
            Initializer($"{module}.weight", scale, x.Channels),
            Initializer($"{module}.bias", shift, x.Channels),
            Initializer($"{module}.running_mean", mean, x.Channels),
            Initializer($"{module}.running_var", variance, x.Channels),
        ];
        var y = Emit(module, "BatchNormalization", operands, x.Dims, sample,
            Attributes.Float("epsilon", Epsilon), Attributes.Float("momentum", 0.9f));
        if (options.Opset >= 14)
            graph.Node[^1].Attribute.Add(Attributes.Int("training_mode", 0));
        normalizations.Add(new(graph.Node[^1], factor, offset));
        return y;
    }

    private static (float[] Scale, float[] Shift) ScaleAndShift(Weights random, int channels, double strength)
    {
        var scale = new float[channels];
        for (var c = 0; c < channels; c++)
        {
            var weak = random.NextUniform() < 1.0 / 3;
            scale[c] = (float)(strength * (weak ? random.NextUniform(0.02, 0.2) : random.NextUniform(0.5, 1.5)));
        }

        return (scale, random.Normal(channels, 0.2 * strength));
    }

    private static (float[] Mean, float[] Variance) Statistics(Weights random, Sample x)
    {
        var moments = Enumerable.Range(0, x.Channels).Select(x.Moments).ToArray();
        // A channel that is silent on the sample must not be blown up by its tiny variance when another input wakes it.
        var floor = Math.Max(1e-6, 0.05 * moments.Average(m => m.Variance));
        var mean = new float[x.Channels];
        var variance = new float[x.Channels];
        for (var c = 0; c < x.Channels; c++)
        {
            var spread = Math.Max(floor, moments[c].Variance);
            mean[c] = (float)(moments[c].Mean + random.NextNormal(0.1 * Math.Sqrt(spread)));
            variance[c] = (float)(spread * random.NextFactor());
        }

        return (mean, variance);
    }
}
