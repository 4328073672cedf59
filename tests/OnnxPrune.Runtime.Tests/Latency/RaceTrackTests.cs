using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Runtime.Tests.Latency;

public sealed class RaceTrackTests
{
    [Theory]
    [InlineData(new[] { 0.9 }, 0.9)]
    [InlineData(new[] { 1.3, 0.9 }, 0.9)]
    [InlineData(new[] { 1.1, 1.3 }, 1.1)]
    public void What_seems_too_slow_is_raced_again_and_the_better_race_counts(double[] races, double expected)
    {
        var bytes = new TinyModel().Input("x float [4]").Output("y float").Node("y = Relu(x)").ToBytes();
        using var track = new RaceTrack(OnnxSession.Open(bytes), new Dictionary<string, Tensor> { ["x"] = Tensor.Of(new float[4], 4) });
        var raced = 0;

        var used = track.Sprint(OnnxFile.FromBytes(bytes), _ => races[raced++]);

        Assert.Equal(expected, used);
        Assert.Equal(races.Length, raced);
    }
}
