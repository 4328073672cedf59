using OnnxPrune.Serialization;
using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Training.Steps;
using TorchSharp;

namespace OnnxPrune.Training.Tests.Steps;

public sealed class WeightAverageTests
{
    [Fact]
    public void Averages_follow_the_weights_as_the_decay_rises_to_its_limit()
    {
        // given
        using var module = Module();
        using var average = new WeightAverage(module, 0.3);
        var (start, expected) = (First(module), (double)First(module));

        // when
        for (var step = 0; step < 4; step++)
        {
            using var mode = torch.no_grad();
            module.Weights[0].Data.fill_(step);
            average.Update(step);
            var decay = Math.Min(0.3, (1.0 + step) / (10 + step));
            expected = (decay * expected) + ((1 - decay) * step);
        }

        // then
        average.Swap();
        Assert.NotEqual(start, First(module));
        Assert.Equal(expected, First(module), 1e-5);
        average.Swap();
        Assert.Equal(3, First(module));
    }

    [Fact]
    public void Running_statistics_are_averaged_with_the_weights()
    {
        using var module = Module();
        using var average = new WeightAverage(module, 0.9);

        Assert.Contains(module.Weights, w => w.Parameter is null);
        Assert.Equal(module.Weights.Sum(w => w.Data.numel()) * sizeof(float), average.Save().Length);
    }

    [Fact]
    public void Averages_of_another_network_are_refused()
    {
        using var module = Module();
        using var average = new WeightAverage(module, 0.9);
        var saved = average.Save();

        Assert.Throws<InvalidDataException>(() => average.Load(saved[..^4]));
        Assert.Throws<InvalidDataException>(() => average.Load([.. saved, 0, 0, 0, 0]));
    }

    private static GraphModule Module()
    {
        var g = new TestGraph(seed: 1);
        g.Output(g.Relu(g.BatchNorm(g.Conv(g.Input(3, 6, 6), 4))));
        return GraphModule.Of(OnnxFile.FromBytes(g.ToBytes()), torch.CPU);
    }

    private static float First(GraphModule module) => TensorBridge.Floats(module.Weights[0].Data)[0];
}
