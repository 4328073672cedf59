using ModelMaker.Building;
using ModelMaker.Styles;

namespace ModelMaker.Tests;

public class SampleTests
{
    // ONNX Runtime sums in another order; the logits have deviation 2 and rounding grows with depth.
    private const float Tolerance = 5e-3f;

    /// <summary>
    /// The ImageNet networks use no operator that the small ones lack, and take long; other styles rewrite a network that was sampled
    /// before; the regions of a Faster R-CNN depend on the data.
    /// </summary>
    public static TheoryData<string> SmallNames => [.. Catalog.All
        .Where(n => n.Style == Style.PyTorch && n.Name != "faster_rcnn_mini" && (n.Name.Contains('_') || n.Name == "mlp"))
            .Select(n => n.Name)];

    [Theory]
    [MemberData(nameof(SmallNames))]
    public void The_sample_batch_holds_what_ONNX_Runtime_computes(string name)
    {
        var network = Catalog.Find(name)!;
        var builder = new NetworkBuilder(new MakeOptions { Opset = network.Opset ?? Math.Max(13, network.OldestOpset) });
        var output = network.Build(builder);
        var model = builder.Build(output);

        var inputs = builder.Inputs.Select(i => BatchFirst(i.Sample)).ToArray();
        var computed = Inference.Run(model, inputs[0], builder.Inputs[0].Height, inputs[1..]);

        Assert.Equal((output.IsChannelsLast ? ChannelsLast(output.Sample) : BatchFirst(output.Sample)).AsEnumerable(), computed, (a, b) =>
            Math.Abs(a - b) < Tolerance);
    }

    [Theory]
    [MemberData(nameof(SmallNames))]
    public void Value_info_tells_the_shapes_that_ONNX_Runtime_finds(string name)
    {
        var model = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions { ValueInfo = true, Batch = Sample.Lanes }).Model;
        var described =
            model.Graph.ValueInfo.ToDictionary(v => v.Name, v => v.Type.TensorType.Shape.Dim.Select(d => (int)d.DimValue).ToArray());
        model.Graph.Output.Add(model.Graph.ValueInfo.Select(v => new Onnx.ValueInfoProto { Name = v.Name }));
        var size = (int)model.Graph.Input[0].Type.TensorType.Shape.Dim[3].DimValue;

        var found = Inference.Shapes(model, BatchFirst(Sample.Images(3, size, size)), size);

        Assert.NotEmpty(described);
        Assert.All(described, d => Assert.Equal(d.Value, found[d.Key]));
    }

    // [C, H, W, N] to [N, C, H, W].
    private static float[] BatchFirst(Sample sample)
    {
        var length = sample.Data.Length / Sample.Lanes;
        return [.. Enumerable.Range(0, sample.Data.Length).Select(i => sample.Data[i % length * Sample.Lanes + i / length])];
    }

    // [C, T, 1, N] to [N, T, C].
    private static float[] ChannelsLast(Sample sample) =>
        [.. Enumerable.Range(0, Sample.Lanes).SelectMany(n => Enumerable.Range(0, sample.Height)
        .SelectMany(t => Enumerable.Range(0, sample.Channels).Select(c => sample.Data[sample.Index(c, t, 0) + n])))];
}
