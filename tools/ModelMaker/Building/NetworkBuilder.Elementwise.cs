namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>A + B, equal shapes.</summary>
    public Feature Add(string module, Feature a, Feature b) =>
        EmitLike(a, module, "Add", [a.Name, b.Name], SampleOps.Combine(a.Sample, b.Sample, (u, v) => u + v));

    /// <summary>A * B; B is A's shape or [N, C, 1, 1].</summary>
    public Feature Mul(string module, Feature a, Feature b) =>
        EmitLike(a, module, "Mul", [a.Name, b.Name], SampleOps.Combine(a.Sample, b.Sample, (u, v) => u * v));

    /// <summary>X [N, C, H, W], layer scale [C, 1, 1], Y = scale · X.</summary>
    public Feature LayerScale(string module, Feature x, double usual)
    {
        var random = new Weights(options.Seed, module);
        var scale = new float[x.Channels];
        foreach (ref var factor in scale.AsSpan())
            factor = (float)(usual * random.NextFactor());
        return EmitLike(x, module, "Mul", [x.Name, Initializer($"{module}.layer_scale", scale, x.Channels, 1, 1)],
            SampleOps.Scale(x.Sample, scale, new float[x.Channels]));
    }
}
