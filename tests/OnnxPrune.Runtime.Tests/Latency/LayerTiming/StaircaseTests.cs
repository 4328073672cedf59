using OnnxPrune.Planning;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Latency.LayerTiming;

public class StaircaseTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void The_multiple_is_where_time_falls(int tile)
    {
        double Padded(LayerShape shape) => (shape.Inputs + tile - 1) / tile * ((shape.Outputs + tile - 1) / tile);

        Assert.Equal(tile, ChannelMultiple.Measure(Padded, ExecutionProvider.Cpu));
    }

    [Fact]
    public void A_machine_that_is_over_too_fast_to_tell_has_the_usual_multiple() =>
        Assert.Equal(ChannelMultiple.Usual(ExecutionProvider.Cuda), ChannelMultiple.Measure(_ => 1, ExecutionProvider.Cuda));

    [Theory]
    [InlineData(64, 64, false)]
    [InlineData(32, 128, false)]
    [InlineData(16, 48, false)]
    [InlineData(96, 96, true)]
    public void A_layers_times_lead_to_its_pace(int inputs, int outputs, bool isDepthwise)
    {
        var shape = new LayerShape([3, 3], [8, 8], inputs, outputs, isDepthwise);
        var counting = new LayerTimes(16);

        // Half and whole widths are timed; what is asked for is neither.
        double Milliseconds(LayerShape s) => ((0.01 * s.Macs) + (s.Inputs + s.Outputs) + 300) / 1e9;
        var pace = LayerTimeFit.Measure(shape, counting, Milliseconds);
        var thinner = shape with { Inputs = isDepthwise ? 32 : inputs, Outputs = isDepthwise ? 32 : 48 };

        var channels = isDepthwise ? thinner.Outputs : thinner.Inputs + thinner.Outputs;
        Assert.Equal(Milliseconds(thinner) * 1e9, pace.Of(thinner.Macs, channels), 0.02 * Milliseconds(thinner) * 1e9);
    }

    [Fact]
    public void No_pace_is_negative()
    {
        // As noise has it: a layer with half its channels takes longer than the whole.
        var pace = LayerTimeFit.Measure(new LayerShape([3, 3], [8, 8], 32, 32, false), new LayerTimes(16), s =>
            s.Outputs + s.Inputs == 64 ? 1 : 1.1);

        Assert.True(pace is { PerMac: >= 0, PerChannel: >= 0, PerRun: >= 0 });
        Assert.Equal(1.05e9, pace.Of(32 * 32 * 9 * 64, 64), 0.06e9);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Layers_of_every_kind_can_be_timed(bool isDepthwise)
    {
        var settings = SessionSettings.Plain with { Optimization = Optimization.All };
        LayerShape[] shapes = [new([3, 3], [8, 8], 16, 16, isDepthwise), new([5], [8], 12, 12, isDepthwise), new([], [4], 32, 10, false)];

        Assert.All(shapes, s => Assert.InRange(LayerTimer.Measure(s, settings), 1e-7, 1000));
        Assert.All(shapes, s => Assert.InRange(LayerTimer.Measure(s, settings, QuantizationScheme.Cpu), 1e-7, 1000));
    }
}
