using ModelMaker.Building;

namespace ModelMaker.Tests;

public class SampleTests
{
    private const int Size = 32;

    // ONNX Runtime sums in another order; the logits have deviation 2 and rounding grows with depth.
    private const float Tolerance = 5e-3f;

    /// <summary>The ImageNet networks use no operator that the small ones lack, and take long.</summary>
    public static TheoryData<string> SmallNames => [.. Catalog.All.Select(n => n.Name).Where(n => n.Contains('_'))];

    [Theory]
    [MemberData(nameof(SmallNames))]
    public void The_sample_batch_holds_what_ONNX_Runtime_computes(string name)
    {
        var builder = new NetworkBuilder(new MakeOptions());
        var output = Catalog.Find(name)!.Build(builder);
        var model = builder.Build(output);

        var computed = Inference.Run(model, BatchFirst(Sample.Images(3, Size, Size)), Size);

        Assert.Equal(BatchFirst(output.Sample).AsEnumerable(), computed, (a, b) => Math.Abs(a - b) < Tolerance);
    }

    [Theory]
    [MemberData(nameof(SmallNames))]
    public void Value_info_tells_the_shapes_that_ONNX_Runtime_finds(string name)
    {
        var model = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions { ValueInfo = true, Batch = Sample.Lanes }).Model;
        var described = model.Graph.ValueInfo.ToDictionary(v => v.Name, v => v.Type.TensorType.Shape.Dim.Select(d => (int)d.DimValue).ToArray());
        model.Graph.Output.Add(model.Graph.ValueInfo.Select(v => new Onnx.ValueInfoProto { Name = v.Name }));

        var found = Inference.Shapes(model, BatchFirst(Sample.Images(3, Size, Size)), Size);

        Assert.NotEmpty(described);
        Assert.All(described, d => Assert.Equal(d.Value, found[d.Key]));
    }

    // [C, H, W, N] to [N, C, H, W].
    private static float[] BatchFirst(Sample sample)
    {
        var length = sample.Data.Length / Sample.Lanes;
        return [.. Enumerable.Range(0, sample.Data.Length).Select(i => sample.Data[i % length * Sample.Lanes + i / length])];
    }
}
