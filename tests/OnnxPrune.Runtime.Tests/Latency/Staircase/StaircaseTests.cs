using OnnxPrune.Runtime.Latency.Staircase;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Latency.Staircase;

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
    [InlineData(false)]
    [InlineData(true)]
    public void Layers_of_every_kind_can_be_timed(bool isDepthwise)
    {
        var settings = SessionSettings.Plain with { Optimization = Optimization.All };
        LayerShape[] shapes = [new([3, 3], [8, 8], 16, 16, isDepthwise), new([5], [8], 12, 12, isDepthwise), new([], [4], 32, 10, false)];

        Assert.All(shapes, s => Assert.InRange(LayerClock.Measure(s, settings), 1e-7, 1000));
    }
}
