namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>Features [N, Cᵢ, H, W], Y [N, ΣCᵢ, H, W].</summary>
    public Feature Concat(string module, params IReadOnlyList<Feature> parts)
    {
        var (first, channels) = (parts[0], parts.Sum(p => p.Channels));
        var sample = new Sample(channels, first.Sample.Height, first.Sample.Width);
        var offset = 0;
        foreach (var part in parts)
        {
            part.Sample.Data.CopyTo(sample.Data, offset);
            offset += part.Sample.Data.Length;
        }

        return Emit(module, "Concat", parts.Select(p => p.Name), [channels, .. first.Dims.Skip(1)], sample, Attributes.Int("axis", 1));
    }

    /// <summary>X [N, 2C, H, W], each half [N, C, H, W].</summary>
    public (Feature First, Feature Second) Halve(string module, Feature x)
    {
        var half = x.Channels / 2;
        // From opset 13 on the sizes are an input.
        var name = options.Opset >= 13
            ? EmitNode(module, "Split", [x.Name, Constant(module, half, half)], Attributes.Int("axis", 1))
            : EmitNode(module, "Split", [x.Name], Attributes.Int("axis", 1), Attributes.Ints("split", half, half));
        var second = name[..^1] + "1"; // the exporter counts outputs: ..._output_0, ..._output_1
        graph.Node[^1].Output.Add(second);
        return (Known(new(name, [half, .. x.Dims.Skip(1)], Part(0))), Known(new(second, [half, .. x.Dims.Skip(1)], Part(half))));

        Sample Part(int from) => SampleOps.Gather(x.Sample, half, x.Sample.Height, x.Sample.Width, (c, y, at) => (from + c, y, at));
    }

    /// <summary>X and Y [N, C, H, W]: channel g·C/groups + k moves to k·groups + g, by Reshape, Transpose, Reshape.</summary>
    public Feature ShuffleChannels(string module, Feature x, int groups)
    {
        var perGroup = x.Channels / groups;
        var apart = Emit(module, "Reshape", [x.Name, Constant(module, -1, groups, perGroup, x.Height, x.Width)],
            [groups, perGroup, x.Height, x.Width], x.Sample);
        var swapped = Emit(module, "Transpose", [apart.Name], [perGroup, groups, x.Height, x.Width], x.Sample,
            Attributes.Ints("perm", 0, 2, 1, 3, 4));
        var sample = SampleOps.Gather(x.Sample, x.Channels, x.Sample.Height, x.Sample.Width,
            (c, y, at) => (c % groups * perGroup + c / groups, y, at));
        return Emit(module, "Reshape", [swapped.Name, Constant(module, -1, x.Channels, x.Height, x.Width)], x.Dims, sample);
    }

    /// <summary>X [N, C, H, W], W [C, M, 2, 2], Y [N, M, 2H, 2W].</summary>
    public Feature UpConv(string module, Feature x, int channels)
    {
        // The four taps of a 2x2 filter of stride 2 never overlap: a 1x1 convolution to 4M channels, laid out as pixels.
        var taps = FilterWeights($"{module}.weight", channels * 4, x.Channels);
        var weights = new float[taps.Length];
        for (var i = 0; i < taps.Length; i++)
            weights[i % x.Channels * channels * 4 + i / x.Channels] = taps[i];
        var bias = new Weights(options.Seed, $"{module}.bias").Normal(channels, 0.1);
        var repeated = bias.SelectMany(b => Enumerable.Repeat(b, 4)).ToArray();
        var pointwise = SampleConv.Pointwise(x.Sample, taps, repeated, channels * 4);
        var sample = SampleOps.Gather(pointwise, channels, 2 * x.Sample.Height, 2 * x.Sample.Width,
            (c, y, at) => (c * 4 + y % 2 * 2 + at % 2, y / 2, at / 2));

        Macs += (long)x.Height * x.Width * weights.Length;
        string[] operands =
        [
            x.Name,
            Initializer($"{module}.weight", weights, x.Channels, channels, 2, 2),
            Initializer($"{module}.bias", bias, channels),
        ];
        return Emit(module, "ConvTranspose", operands, [channels, 2 * x.Height, 2 * x.Width], sample,
            Attributes.Ints("dilations", 1, 1), Attributes.Int("group", 1), Attributes.Ints("kernel_shape", 2, 2),
            Attributes.Ints("pads", 0, 0, 0, 0), Attributes.Ints("strides", 2, 2));
    }
}
