using OnnxPrune.Graphs;
using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Training.Runs;
using TorchSharp;

namespace OnnxPrune.Training.Tests.Runs;

public sealed class ScratchWeightsTests
{
    private const int Width = 32;

    [Fact]
    public void Layers_are_drawn_by_what_they_read_and_norms_are_the_identity()
    {
        using var module = Drawn();

        var weights = Of(module, "Conv", 1).Where(w => w.Count > 2000).ToArray();
        Assert.Equal(4, weights.Length);
        Assert.All(weights, w => Assert.InRange(w.ToDoubles().Sum(v => v * v) / w.Count * (w.Count / Width), 1.8, 2.2));
        Assert.All(Of(module, "Conv", 2).Concat(Of(module, "BatchNormalization", 2)).Concat(Of(module, "BatchNormalization", 3)), w =>
            Assert.All(w.ToDoubles(), v => Assert.Equal(0, v)));
        Assert.All(Of(module, "BatchNormalization", 4), w => Assert.All(w.ToDoubles(), v => Assert.Equal(1, v)));
    }

    [Fact]
    public void Residual_branches_begin_with_a_scale_of_zero_and_nothing_else_does()
    {
        using var module = Drawn();

        var scales = module.Weights.Where(w => w.IsNormScale).ToArray();
        var closing = scales.Where(w => w.Uses[0].Node.Output.Uses.Any(u => u.Node.OpType == "Add")).ToArray();

        Assert.Equal((5, 2), (scales.Length, closing.Length));
        Assert.All(closing, w => Assert.All(w.Export().ToDoubles(), v => Assert.Equal(0, v)));
        Assert.All(scales.Except(closing), w => Assert.All(w.Export().ToDoubles(), v => Assert.Equal(1, v)));
    }

    private static IEnumerable<Tensor> Of(GraphModule module, string op, int input) =>
        module.Weights.Where(w => w.Uses[0].Node.OpType == op && w.Uses[0].Index == input).Select(w => w.Export());

    private static GraphModule Drawn()
    {
        var g = new TestGraph(3);
        var x = g.ConvBnRelu(g.Input(3, 8, 8), Width);
        for (var i = 0; i < 2; i++)
        {
            x = g.Relu(g.Add(x, g.BatchNorm(g.Conv(g.ConvBnRelu(x, Width), Width, kernel: 3, bias: false))));
        }

        g.Classify(x);
        var module = GraphModule.Of(ModelCopy.WithShapes(g.Build()), torch.CPU);
        ScratchWeights.Draw(module, seed: 4);
        return module;
    }
}
