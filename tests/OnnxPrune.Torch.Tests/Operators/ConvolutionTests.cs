using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using TorchSharp;

namespace OnnxPrune.Torch.Tests.Operators;

/// <summary>
/// In single precision, where libtorch takes other ways than in double: with channel counts that fill no whole vector or block of oneDNN.
/// </summary>
public sealed class ConvolutionTests
{
    private const double Tolerance = 1e-4;

    [Theory]
    [InlineData(4, 24, 24, 5, 12, 1, 1, 1)]
    [InlineData(4, 27, 30, 3, 16, 1, 1, 1)]
    [InlineData(4, 27, 30, 3, 16, 2, 1, 1)]
    [InlineData(4, 9, 12, 3, 32, 1, 1, 1)]
    [InlineData(2, 56, 61, 3, 8, 1, 1, 1)]
    [InlineData(2, 16, 13, 3, 8, 1, 1, 1)]
    [InlineData(2, 27, 1, 3, 8, 1, 1, 1)]
    [InlineData(2, 1, 24, 5, 12, 1, 1, 1)]
    [InlineData(2, 1, 1, 3, 8, 1, 1, 1)]
    [InlineData(4, 24, 20, 3, 1, 1, 1, 1)]
    [InlineData(4, 20, 24, 1, 1, 1, 1, 1)]
    [InlineData(4, 27, 13, 3, 2, 1, 1, 1)]
    [InlineData(1, 27, 30, 3, 16, 1, 1, 1)]
    [InlineData(4, 27, 27, 3, 16, 2, 27, 1)]
    [InlineData(4, 24, 36, 3, 16, 1, 3, 1)]
    [InlineData(4, 112, 80, 1, 9, 2, 1, 1)]
    [InlineData(4, 128, 112, 3, 9, 2, 1, 1)]
    [InlineData(4, 74, 74, 5, 5, 1, 1, 1)]
    [InlineData(4, 31, 70, 3, 15, 2, 1, 2)]
    [InlineData(4, 96, 144, 3, 9, 1, 3, 1)]
    [InlineData(4, 30, 50, 3, 9, 1, 10, 2)]
    [InlineData(4, 30, 60, 3, 9, 1, 30, 1)]
    [InlineData(4, 32, 32, 3, 12, 1, 32, 2)]
    [InlineData(4, 50, 50, 5, 18, 2, 50, 3)]
    public void Values_and_gradients_are_those_of_double_precision(
        int images, int inputs, int outputs, int kernel, int side, int stride, int group, int dilation)
    {
        // given
        var g = new TestGraph(seed: 3);
        g.Output(g.Conv(g.Input(inputs, side, side), outputs, kernel, stride, group: group, dilation: dilation));
        var random = new Random(4);
        var x = Graphs.Tensor.Of([.. Enumerable.Range(0, images * inputs * side * side).Select(_ =>
            (float)RandomWeights.Normal(random))], images, inputs, side, side);

        // when
        var (expected, found) = (Run(g.ToBytes(), x, true), Run(g.ToBytes(), x, false));

        // then
        Assert.All(expected.Zip(found), p => Assert.InRange(Difference(p.First, p.Second), 0, Tolerance));
    }

    /// <returns>The output, and the gradients of its sum of squares for the input, the weights and the bias.</returns>
    private static double[][] Run(byte[] model, Graphs.Tensor input, bool doubles)
    {
        using var scope = torch.NewDisposeScope();
        using var module = GraphModule.Of(Serialization.OnnxFile.FromBytes(model), torch.CPU, doubles: doubles);
        var x = TensorBridge.ToTorch(doubles ? input.WithType(Graphs.ElementType.Double) : input, torch.CPU);
        x.requires_grad = true;
        var y = module.Forward(x, training: true);
        y.mul(y).sum().backward();
        torch.Tensor[] all = [y, x.grad!, .. module.Parameters.Select(p => p.grad!)];
        return Array.ConvertAll(all, t => TensorBridge.FromTorch(t).ToDoubles());
    }

    private static double Difference(double[] expected, double[] found) =>
        expected.Zip(found, (a, b) => Math.Abs(a - b)).Max() / Math.Max(1, expected.Max(Math.Abs));
}
