using OnnxPrune.Quantization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Quantization;

public sealed class ValueHistogramTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Sums_do_not_depend_on_how_a_stream_is_divided(int seed)
    {
        var random = new Random(seed);
        var values = Normal(random, 10_000, 3);
        var whole = new ValueHistogram();
        whole.Add(values);
        var parts = new ValueHistogram();
        for (var at = 0; at < values.Length;)
        {
            var count = Math.Min(random.Next(1, 900), values.Length - at);
            var part = new ValueHistogram();
            part.Add(values.AsSpan(at, count));
            parts.Add(part);
            at += count;
        }

        Assert.Equal((whole.Count, whole.Zeros, whole.Lowest, whole.Highest), (parts.Count, parts.Zeros, parts.Lowest, parts.Highest));
        Assert.Equal(whole.Best(QuantizationScheme.Cpu), parts.Best(QuantizationScheme.Cpu));
    }

    [Fact]
    public void One_far_value_is_clipped_where_that_costs_less_than_rounding_all_others()
    {
        var histogram = new ValueHistogram();
        histogram.Add(Normal(new Random(1), 100_000, 1));
        var usual = histogram.Best(QuantizationScheme.Cpu);

        histogram.Add([20]);

        Assert.InRange(histogram.Best(QuantizationScheme.Cpu).High(QuantizationScheme.Cpu), usual.High(QuantizationScheme.Cpu), 19);
    }

    [Theory]
    [InlineData(0f, 6f)]
    [InlineData(-1f, 1f)]
    [InlineData(-3f, 0f)]
    [InlineData(2f, 5f)]
    [InlineData(0f, 0f)]
    public void Zero_is_an_integer(float low, float high)
    {
        foreach (var scheme in new[] { QuantizationScheme.Cpu, QuantizationScheme.CpuAvx2, QuantizationScheme.TensorRt })
        {
            var parameters = QuantizationParameters.ForRange(low, high, scheme);

            Assert.InRange(parameters.ZeroPoint, scheme.Lowest, scheme.Highest);
            Assert.True(parameters.Low(scheme) <= Math.Min(low, 0) + parameters.Scale
                && parameters.High(scheme) >= Math.Max(high, 0) - parameters.Scale);
        }
    }

    [Fact]
    public void A_value_that_fills_the_last_bin_is_counted()
    {
        var histogram = new ValueHistogram();
        histogram.Add([MathF.BitDecrement(4), -4, 0]);

        Assert.Equal((3, 1), (histogram.Count, histogram.Zeros));
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_refused() =>
        Assert.Throws<UnsupportedModelException>(() => new ValueHistogram().Add([1, float.NaN]));

    private static float[] Normal(Random random, int count, double scale) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(scale * RandomWeights.Normal(random)))];
}
