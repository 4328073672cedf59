using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

public sealed class SizeTargetTests
{
    [Theory]
    [InlineData("size=500KB", 500_000, "size=500KB")]
    [InlineData("size=500 kb", 500_000, "size=500KB")]
    [InlineData("Size=2M", 2_000_000, "size=2MB")]
    [InlineData("size=1.5MB", 1_500_000, "size=1500KB")]
    [InlineData("size=1.5MiB", 1_572_864, "size=1536KiB")]
    [InlineData("size=100KiB", 102_400, "size=100KiB")]
    [InlineData("size=1GiB", 1_073_741_824, "size=1024MiB")]
    [InlineData("size=12345B", 12_345, "size=12345B")]
    [InlineData("size=50%", 5_000, "size=50%")]
    [InlineData("size=0.25", 2_500, "size=25%")]
    public void Sizes_are_read(string text, long limit, string written)
    {
        Assert.True(SizeTarget.IsMeantBy(text));
        Assert.Equal(limit, SizeTarget.Parse(text).Limit(10_000));
        Assert.Equal(written, SizeTarget.Parse(text).ToString());
        Assert.Equal(SizeTarget.Parse(text), SizeTarget.Parse(written));
    }

    [Theory]
    [InlineData("size")]
    [InlineData("size=")]
    [InlineData("size=500")]
    [InlineData("size=0KB")]
    [InlineData("size=-5KB")]
    [InlineData("size=120%")]
    [InlineData("size=KB")]
    [InlineData("size=1e30GB")]
    [InlineData("size=5TB")]
    public void What_is_no_size_is_refused(string text)
    {
        var e = Assert.Throws<UsageException>(() => SizeTarget.Parse(text));

        Assert.StartsWith($"'{text}' is no target of size; write size=500KB", e.Message);
    }

    [Fact]
    public void Weights_count_in_the_type_that_they_are_stored_in()
    {
        // given: 8 filters of 27 bytes behind DequantizeLinear, and 4 of 72 floats with a bias of 4 floats
        var g = new TestGraph();
        var quantized = g.Op("DequantizeLinear", [g.Constant(new Tensor(ElementType.Int8, [8, 3, 3, 3], new byte[8 * 27])), g.Scalar(0.1)]);
        g.Output(g.Conv(g.Relu(g.Conv(g.Input(3, 6, 6), 8, 3, bias: false, weight: quantized)), 4, 3));

        var cost = NetworkAnalysis.Of(ModelCopy.WithShapes(g.Build())).Cost;

        Assert.Equal((8 * 27) + (4 * ((4 * 72) + 4)), cost.Bytes);
    }
}
