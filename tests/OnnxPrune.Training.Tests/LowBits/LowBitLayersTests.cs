using OnnxPrune.Graphs;
using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using OnnxPrune.Training.LowBits;
using TorchSharp;

namespace OnnxPrune.Training.Tests.LowBits;

public sealed class LowBitLayersTests
{
    [Fact]
    public void Weights_between_the_first_and_the_last_layer_take_few_levels_in_each_output_channel()
    {
        // given
        using var module = Module();
        using var layers = new LowBitLayers(module, new BitWidths(2, 8));
        var before = Contents(module);

        // when
        layers.Exchange();

        // then
        Tensor[] levels = [.. module.Weights.Select(w => w.Export())];
        Assert.Equal([
            "conv1 [8, 3, 3, 3] as it was", "conv2 [8, 8, 3, 3] 4", "matmul1 [8, 10] 4", "gemm1 [10, 3] as it was"
        ], Layers());
        layers.Exchange();
        Assert.Equal(before, Contents(module));

        IEnumerable<string> Layers()
        {
            foreach (var (weight, i) in module.Weights.Select((w, i) => (w, i)).Where(w => w.w.Data.shape.Length > 1))
            {
                var axis = weight.Uses[0].Node.OpType == "Conv" ? 0 : 1;
                var most = Enumerable.Range(0, (int)levels[i].Dims[axis]).Max(m => levels[i].Take(axis, [m]).ToFloats().Distinct().Count());
                yield return $"{weight.Uses[0].Node.Name} [{string.Join(", ", levels[i].Dims)}] "
                    + (levels[i].Data.Span.SequenceEqual(before[i]) ? "as it was" : $"{most}");
            }
        }
    }

    [Fact]
    public void Levels_follow_the_gradient_of_their_basis_and_stay_sums_of_it()
    {
        // given
        const double Rate = 0.01;
        using var module = Module();
        using var layers = new LowBitLayers(module, new BitWidths(2, 8));
        var conv = module.Weights.Single(w => w.Uses[0].Node.Name == "conv2" && w.Data.shape.Length == 4);
        using var scope = torch.NewDisposeScope();
        var quantized = layers.Through(conv.Uses[0], conv.Data)!;
        var before = TensorBridge.Floats(quantized);

        // when
        quantized.Times(5).sum().backward();
        layers.Update(Rate, 0, 0);

        // then: of two numbers, the sum and the difference are the positive levels.
        var after = TensorBridge.Floats(layers.Through(conv.Uses[0], conv.Data)!);
        var features = after.Length / 8;
        var moved = 0;
        for (var m = 0; m < 8; m++)
        {
            var channel = before.AsSpan(m * features, features).ToArray();
            var positive = channel.Select(Math.Abs).Distinct().Order().ToArray();
            Assert.Equal(2, positive.Length);
            var (large, small) = ((positive[1] + positive[0]) / 2.0, (positive[1] - positive[0]) / 2.0);
            (int Large, int Small)[] signs =
                [.. channel.Select(q => (Math.Sign(q), Math.Abs(q) == positive[1] ? Math.Sign(q) : -Math.Sign(q)))];
            var (newLarge, newSmall) =
                (large - (Rate * 5 * signs.Average(s => s.Large)), small - (Rate * 5 * signs.Average(s => s.Small)));
            double[] levels = [newLarge + newSmall, newLarge - newSmall, newSmall - newLarge, -newLarge - newSmall];
            for (var i = 0; i < features; i++)
            {
                Assert.Contains(levels, l => Math.Abs(l - after[(m * features) + i]) < 1e-5);
            }

            moved += large == newLarge ? 0 : 1;
        }

        Assert.True(moved >= 4, $"{moved} channels moved");
    }

    [Fact]
    public void A_gradient_reaches_the_weights_as_if_they_were_not_rounded()
    {
        using var module = Module();
        using var layers = new LowBitLayers(module, new BitWidths(3, 8));
        var conv = module.Weights.Single(w => w.Uses[0].Node.Name == "conv2" && w.Data.shape.Length == 4);
        using var scope = torch.NewDisposeScope();

        layers.Through(conv.Uses[0], conv.Data)!.Times(3).sum().backward();

        Assert.All(TensorBridge.Floats(conv.Parameter!.grad!), g => Assert.Equal(3, g));
    }

    [Fact]
    public void What_was_learned_is_saved_and_loaded()
    {
        // given
        using var module = Module();
        using var layers = new LowBitLayers(module, new BitWidths(2, 8));
        var use = module.Weights.Single(w => w.Uses[0].Node.Name == "conv2" && w.Data.shape.Length == 4).Uses[0];
        using var scope = torch.NewDisposeScope();
        layers.Through(use, module.Weights[0].Data)!.sum().backward();
        layers.Update(0.1, 0.9, 0);
        var learned = TensorBridge.Floats(layers.Through(use, module.Weights[0].Data)!);

        // when
        using var other = new LowBitLayers(module, new BitWidths(2, 8));
        var fresh = TensorBridge.Floats(other.Through(use, module.Weights[0].Data)!);
        other.Load(layers.Save());

        // then
        Assert.NotEqual(learned, fresh);
        Assert.Equal(learned, TensorBridge.Floats(other.Through(use, module.Weights[0].Data)!));
        Assert.Throws<InvalidDataException>(() => other.Load(layers.Save()[..^4]));
    }

    private static byte[][] Contents(GraphModule module) => [.. module.Weights.Select(w => w.Export().Data.ToArray())];

    private static GraphModule Module()
    {
        var g = new TestGraph(seed: 3);
        var x = g.Relu(g.Conv(g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3)), 8, kernel: 3));
        var flat = g.Flatten(g.GlobalAveragePool(x));
        var hidden = g.Relu(new Wire(g.Op("MatMul", [flat, g.Weight(8, 10)]), 10));
        g.Output(new Wire(g.Op("Gemm", [hidden, g.Weight(10, 3)]), 3));
        return GraphModule.Of(g.Build(), torch.CPU);
    }
}
