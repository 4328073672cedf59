namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>X [N, C, H, W], W [M, C/group, k, k], Y [N, M, H', W']. Half padding unless <paramref name="padding"/> is given.</summary>
    public Feature Conv(string module, Feature x, int channels, int kernel, int stride = 1, int? padding = null, int groups = 1,
        bool bias = false)
    {
        var pad = padding ?? kernel / 2;
        var inputs = x.Channels / groups;
        var weights = FilterWeights($"{module}.weight", channels, inputs * kernel * kernel);
        var shift = bias ? new Weights(options.Seed, $"{module}.bias").Normal(channels, 0.1) : null;
        List<string> operands = [x.Name, Initializer($"{module}.weight", weights, channels, inputs, kernel, kernel)];
        if (shift is not null)
            operands.Add(Initializer($"{module}.bias", shift, channels));

        var height = (x.Height + 2 * pad - kernel) / stride + 1;
        var width = (x.Width + 2 * pad - kernel) / stride + 1;
        Macs += (long)height * width * weights.Length;
        var sample = SampleConv.Run(x.Sample, weights, shift, channels, kernel, stride, pad, groups);
        var y = Emit(module, "Conv", operands, [channels, height, width], sample,
            Attributes.Ints("dilations", 1, 1), Attributes.Int("group", groups), Attributes.Ints("kernel_shape", kernel, kernel),
            Attributes.Ints("pads", pad, pad, pad, pad), Attributes.Ints("strides", stride, stride));
        convolutions[y.Name] = new(graph.Node[^1], module, weights, shift);
        return y;
    }

    // He-normal, and every filter with a norm of its own, so that criteria that look at norms have something to see.
    private float[] FilterWeights(string name, int filters, int fanIn)
    {
        var random = new Weights(options.Seed, name);
        var weights = new float[filters * fanIn];
        var deviation = Math.Sqrt(2.0 / fanIn);
        for (var filter = 0; filter < filters; filter++)
        {
            var norm = random.NextUniform(0.5, 1.5);
            foreach (ref var weight in weights.AsSpan(filter * fanIn, fanIn))
                weight = (float)random.NextNormal(deviation * norm);
        }

        return weights;
    }
}
