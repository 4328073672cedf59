namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>X [N, C, H, W], W [M, C/group, k, k], Y [N, M, H', W']. Half padding unless <paramref name="padding"/> is given.</summary>
    public Feature Conv(string module, Feature x, int channels, int kernel, int stride = 1, int? padding = null, int groups = 1,
        bool bias = false) =>
        Conv(module, x, channels, new Window(kernel, stride, padding ?? kernel / 2), groups, bias);

    /// <summary>X [N, C, H, W], W [M, C/group, kH, kW], Y [N, M, H', W'].</summary>
    public Feature Conv(string module, Feature x, int channels, Window window, int groups = 1, bool bias = false)
    {
        var inputs = x.Channels / groups;
        var weights = FilterWeights($"{module}.weight", channels, inputs * window.Area);
        var shift = bias ? new Weights(options.Seed, $"{module}.bias").Normal(channels, 0.1) : null;
        List<string> operands = [
            x.Name, Initializer($"{module}.weight", weights, channels, inputs, window.KernelHeight, window.KernelWidth)
        ];
        if (shift is not null)
            operands.Add(Initializer($"{module}.bias", shift, channels));

        var (height, width) = (window.Height(x.Height), window.Width(x.Width));
        Macs += (long)height * width * weights.Length;
        var sample = SampleConv.Run(x.Sample, weights, shift, channels, window, groups);
        var y = Emit(module, "Conv", operands, [channels, height, width], sample,
            Attributes.Ints("dilations", window.Dilation, window.Dilation), Attributes.Int("group", groups),
            Attributes.Ints("kernel_shape", window.KernelHeight, window.KernelWidth),
            Attributes.Ints("pads", window.PadHeight, window.PadWidth, window.PadHeight, window.PadWidth),
            Attributes.Ints("strides", window.Stride, window.Stride));
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
