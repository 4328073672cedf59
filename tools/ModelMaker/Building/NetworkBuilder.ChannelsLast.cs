namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>X [N, C, H, W], Y [N, H, W, C].</summary>
    public Feature ToChannelsLast(string module, Feature x) =>
        Known(
            new(EmitNode(module, "Transpose", [x.Name], Attributes.Ints("perm", 0, 2, 3, 1)), x.Dims, x.Sample) { IsChannelsLast = true });

    /// <summary>X [N, H, W, C], Y [N, C, H, W].</summary>
    public Feature ToChannelsFirst(string module, Feature x) =>
        Emit(module, "Transpose", [x.Name], x.Dims, x.Sample, Attributes.Ints("perm", 0, 3, 1, 2));

    /// <summary>X [N, C, H, W], Y [N, H·W, C]: positions as tokens.</summary>
    public Feature ToTokens(string module, Feature x)
    {
        int[] dims = [x.Channels, x.Height * x.Width];
        var sample = SampleOps.Gather(x.Sample, x.Channels, x.Sample.Height * x.Sample.Width, 1, (c, y, _) =>
            (c, y / x.Sample.Width, y % x.Sample.Width));
        var flat = EmitNode(module, "Reshape", [x.Name, Constant(module, 0, x.Channels, -1)]);
        return Known(new(EmitNode(module, "Transpose", [flat], Attributes.Ints("perm", 0, 2, 1)), dims, sample) { IsChannelsLast = true });
    }

    /// <summary>X [N, T, C], Y [N, C]: the mean of the tokens.</summary>
    public Feature MeanToken(string module, Feature x)
    {
        var sample = SampleOps.Mean(x.Sample);
        return options.Opset >= 18
            ? Emit(module, "ReduceMean", [x.Name, Constant(module, 1)], [x.Channels], sample, Attributes.Int("keepdims", 0))
            : Emit(module, "ReduceMean", [x.Name], [x.Channels], sample, Attributes.Ints("axes", 1), Attributes.Int("keepdims", 0));
    }

    /// <summary>
    /// X [..., C], W [C, M], B [M], Y [..., M]: a MatMul and an Add, as a linear layer of more than two axes is exported.
    /// </summary>
    public Feature Linear(string module, Feature x, int channels, double gain = 1)
    {
        var weights = FilterWeights($"{module}.weight", channels, x.Channels);
        var stored = new float[weights.Length];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] *= (float)(gain * 0.70710678118654752); // no rectifier that halves the variance comes before
            stored[i % x.Channels * channels + i / x.Channels] = weights[i];
        }

        var bias = new Weights(options.Seed, $"{module}.bias").Normal(channels, 0.1 * gain);
        var positions = x.Dims.Skip(1).Aggregate(1, (a, b) => a * b);
        Macs += (long)positions * weights.Length;
        var product = EmitNode(module, "MatMul", [x.Name, Initializer($"{module}.weight", stored, x.Channels, channels)]);
        var y = EmitNode(module, "Add", [Initializer($"{module}.bias", bias, channels), product]);
        return Known(
            new(y, [channels, .. x.Dims.Skip(1)], SampleConv.Pointwise(x.Sample, weights, bias, channels))
            {
                IsChannelsLast =
                x.IsChannelsLast
            });
    }

    /// <summary>X [..., C], Y the same: every position is normalized over its channels. One node from opset 17 on.</summary>
    public Feature LayerNorm(string module, Feature x)
    {
        const float Tiny = 1e-6f;
        var (scale, shift) = ScaleAndShift(new Weights(options.Seed, module), x.Channels, 1);
        var sample = SampleOps.Scale(SampleOps.Standardize(x.Sample, Tiny), scale, shift);
        var (weight, bias) = (Initializer($"{module}.weight", scale, x.Channels), Initializer($"{module}.bias", shift, x.Channels));
        return EmitLike(
            x, module, "LayerNormalization", [x.Name, weight, bias], sample, Attributes.Int("axis", -1), Attributes.Float("epsilon", Tiny));
    }

    /// <summary>
    /// X [N, C, H, W], Y the same: normalized over the channels of a group and over all positions. One node, of opset 21.
    /// </summary>
    public Feature GroupNorm(string module, Feature x, int groups)
    {
        var (scale, shift) = ScaleAndShift(new Weights(options.Seed, module), x.Channels, 1);
        var sample = SampleOps.Scale(SampleOps.StandardizeGroups(x.Sample, groups, Epsilon), scale, shift);
        string[] operands = [x.Name, Initializer($"{module}.weight", scale, x.Channels), Initializer($"{module}.bias", shift, x.Channels)];
        return EmitLike(
            x, module, "GroupNormalization", operands, sample, Attributes.Float("epsilon", Epsilon), Attributes.Int("num_groups", groups));
    }

    /// <summary>X [N, T, C], Y the same: softmax(Q · Kᵀ / √d) · V, head by head, before the last linear layer.</summary>
    public Feature Attention(string module, Feature x, int heads)
    {
        var (tokens, width) = (x.Dims[1], x.Channels / heads);
        var parts = new[] { "q", "k", "v" }.Select(p => Linear($"{module}.{p}", x, x.Channels)).ToArray();
        var query = Heads(parts[0], 0, 2, 1, 3);
        var key = Heads(parts[1], 0, 2, 3, 1);
        var value = Heads(parts[2], 0, 2, 1, 3);
        var scores =
            EmitNode(module, "Mul", [EmitNode(module, "MatMul", [query, key]), ScalarConstant(module, (float)(1 / Math.Sqrt(width)))]);
        var mixed = EmitNode(module, "MatMul", [EmitNode(module, "Softmax", [scores], Attributes.Int("axis", -1)), value]);
        var joined = EmitNode(module, "Transpose", [mixed], Attributes.Ints("perm", 0, 2, 1, 3));
        Macs += 2L * tokens * tokens * x.Channels;
        return EmitLike(x, module, "Reshape", [joined, Constant(module, 0, tokens, x.Channels)],
            SampleOps.Attend(parts[0].Sample, parts[1].Sample, parts[2].Sample, heads));

        string Heads(Feature part, params long[] perm) => EmitNode(module, "Transpose",
            [EmitNode(module, "Reshape", [part.Name, Constant(module, 0, tokens, heads, width)])], Attributes.Ints("perm", perm));
    }
}
