namespace ModelMaker.Building;

public sealed partial class NetworkBuilder
{
    /// <summary>X [N, C, H, W], Y [N, C, H', W'].</summary>
    public Feature MaxPool(string module, Feature x, int kernel, int stride, int padding = 0) =>
        Pool(module, "MaxPool", x, kernel, stride, padding, SampleOps.MaxPool(x.Sample, kernel, stride, padding));

    /// <summary>X [N, C, H, W], Y [N, C, H', W'].</summary>
    public Feature AveragePool(string module, Feature x, int kernel, int stride, int padding = 0)
    {
        var y = Pool(module, "AveragePool", x, kernel, stride, padding, SampleOps.AveragePool(x.Sample, kernel, stride, padding));
        if (padding > 0)
            graph.Node[^1].Attribute.Add(Attributes.Int("count_include_pad", 1)); // as PyTorch averages
        return y;
    }

    /// <summary>X [N, C, H, W], Y [N, C, 1, 1].</summary>
    public Feature GlobalAveragePool(string module, Feature x) =>
        Emit(module, "GlobalAveragePool", [x.Name], [x.Channels, 1, 1], SampleOps.AveragePool(x.Sample, x.Sample.Height, 1, 0));

    /// <summary>X [N, C, H, W], Y [N, C·H·W].</summary>
    public Feature Flatten(string module, Feature x) =>
        Emit(module, "Flatten", [x.Name], [x.Dims.Aggregate((a, b) => a * b)], SampleOps.Flatten(x.Sample), Attributes.Int("axis", 1));

    private Feature Pool(string module, string op, Feature x, int kernel, int stride, int padding, Sample sample)
    {
        int[] dims = [x.Channels, (x.Height + 2 * padding - kernel) / stride + 1, (x.Width + 2 * padding - kernel) / stride + 1];
        Onnx.AttributeProto[] rounding = options.Opset >= 10 ? [Attributes.Int("ceil_mode", 0)] : [];
        return Emit(module, op, [x.Name], dims, sample, [.. rounding, Attributes.Ints("kernel_shape", kernel, kernel),
            Attributes.Ints("pads", padding, padding, padding, padding), Attributes.Ints("strides", stride, stride)]);
    }
}
