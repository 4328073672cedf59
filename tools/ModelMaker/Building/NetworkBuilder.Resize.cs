namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>X [N, C, H, W], Y [N, C, factor·H, factor·W]: every pixel becomes a square. Resize; Upsample before opset 11.</summary>
    public Feature Upsample(string module, Feature x, int factor)
    {
        int[] dims = [x.Channels, factor * x.Height, factor * x.Width];
        var sample = SampleOps.Gather(x.Sample, x.Channels, factor * x.Sample.Height, factor * x.Sample.Width,
            (c, y, at) => (c, y / factor, at / factor));
        if (options.Opset < 9)
            return Emit(module, "Upsample", [x.Name], dims, sample, Attributes.Text("mode", "nearest"),
                Attributes.Floats("scales", 1, 1, factor, factor));
        var scales = Constant(module, 1f, 1f, factor, factor);
        return options.Opset < 11
            ? Emit(module, options.Opset == 10 ? "Resize" : "Upsample", [x.Name, scales], dims, sample, Attributes.Text("mode", "nearest"))
            : Emit(module, "Resize", [x.Name, "", scales], dims, sample, Attributes.Text("coordinate_transformation_mode", "asymmetric"),
                Attributes.Text("mode", "nearest"), Attributes.Text("nearest_mode", "floor"));
    }

    /// <summary>X [N, C, H, W], Y [N, C, factor·H, factor·W], between the pixels linearly. From opset 11 on.</summary>
    public Feature Interpolate(string module, Feature x, int factor)
    {
        int[] dims = [x.Channels, factor * x.Height, factor * x.Width];
        var sample = SampleOps.Interpolate(x.Sample, factor);
        return Emit(module, "Resize", [x.Name, "", Constant(module, 1f, 1f, factor, factor)], dims, sample,
            Attributes.Text("coordinate_transformation_mode", "half_pixel"), Attributes.Text("mode", "linear"));
    }
}
