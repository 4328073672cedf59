using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Graphs;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Training.LowBits;
using TorchSharp;

namespace OnnxPrune.Calibration.Tests.Quantization;

/// <summary>Integers compute what training simulated in floats, up to the 8 bits that all other values take.</summary>
public sealed class LearnedStepsTests
{
    private const double OfEightBits = 0.03;

    [Theory]
    [InlineData("identity", 3)]
    [InlineData("identity", 2)]
    [InlineData("projection", 3)]
    public void Integers_compute_what_training_simulated(string network, int bits)
    {
        // given
        var model = ModelCopy.WithShapes(Networks.Make(network));
        IReadOnlyDictionary<string, Tensor>[] batches =
            [.. Enumerable.Range(0, 4).Select(seed => RandomInputs.For(model, new Random(seed), batch: 8))];
        using var module = GraphModule.Of(model, torch.CPU);
        using var layers = new LowBitLayers(module, new BitWidths(8, bits));
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        var x = TensorBridge.ToTorch(batches[0].Values.Single(), torch.CPU);
        layers.FitActivations(module, x);
        var simulated = TensorBridge.Floats(module.Forward(x, training: false, (use, t) => layers.Through(use, t) ?? t));
        var plain = TensorBridge.Floats(module.Forward(x, training: false));

        // when
        var learned = layers.Activations.ToDictionary(
            a => a.Key, a => new QuantizationParameters(a.Value.Scale, a.Value.Zero, (1 << bits) - 1));
        var settings = new SessionSettings { Threads = 1 };
        var written = PostTrainingQuantizer.Run(model, batches, QuantizationScheme.Cpu, settings, learned: learned).Model;

        // then
        using var session = OnnxSession.Open(written, settings);
        var computed = session.Run(batches[0]).Values.First().ToFloats();
        Assert.NotEmpty(learned);
        Assert.InRange(Distance(computed, simulated), 0, OfEightBits);
        Assert.InRange(Distance(plain, simulated), 2 * OfEightBits, 10);
    }

    private static double Distance(float[] found, float[] expected) =>
        Math.Sqrt(found.Zip(expected, (f, e) => ((double)f - e) * (f - e)).Sum() / expected.Sum(e => (double)e * e));
}
