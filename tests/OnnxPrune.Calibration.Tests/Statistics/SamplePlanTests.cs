using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Operators;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Statistics;

/// <summary>
/// A Conv is the product of its unfolded input and its weight: windows are right when that product is what ONNX Runtime computes.
/// </summary>
public sealed class SamplePlanTests
{
    private const double Rounding = 1e-5;

    [Theory]
    [InlineData("pads", new long[] { 3, 3 }, new long[] { 1, 1 }, new long[] { 1, 1 }, new long[] { 1, 0, 2, 1 })]
    [InlineData("strides", new long[] { 3, 2 }, new long[] { 2, 3 }, new long[] { 1, 1 }, new long[] { 1, 1, 1, 1 })]
    [InlineData("dilations", new long[] { 3, 2 }, new long[] { 1, 2 }, new long[] { 2, 3 }, new long[] { 2, 0, 2, 3 })]
    [InlineData("one dimension", new long[] { 5 }, new long[] { 2 }, new long[] { 1 }, new long[] { 2, 1 })]
    [InlineData("SAME_UPPER", new long[] { 2, 3 }, new long[] { 2, 1 }, new long[] { 1, 1 }, null)]
    [InlineData("SAME_LOWER", new long[] { 4, 3 }, new long[] { 1, 2 }, new long[] { 1, 1 }, null)]
    [InlineData("VALID", new long[] { 2, 3 }, new long[] { 2, 1 }, new long[] { 1, 1 }, null)]
    public void Windows_times_weights_is_the_convolution(string kind, long[] kernel, long[] strides, long[] dilations, long[]? pads)
    {
        var g = new TestGraph();
        long[] sizes = [.. new long[] { 9, 8 }.Take(kernel.Length)];
        var x = g.Input(2, sizes);
        (string, object) border = pads is null ? ("auto_pad", kind) : ("pads", pads);
        g.Output(new Wire(g.Op("Conv", [x, g.Weight([3, 2, .. kernel])], ("strides", strides), ("dilations", dilations), border), 3));
        var model = ModelCopy.WithShapes(g.Build());
        var inputs = RandomInputs.For(model, new Random(1), batch: 1);
        using var session = OnnxPrune.Runtime.Sessions.OnnxSession.Open(model);
        var expected = session.Run(inputs).Values.Single();
        var conv = model.Graph.Nodes.Single(n => n.OpType == "Conv");
        var weight = model.Graph.Initializers.Single(i => i == conv.Input(1)).Initializer!;
        var input = inputs.Values.Single();

        var window = ConvGeometry.Of(conv, kernel).Over([.. input.Dims.Skip(2)]);
        var plan = SamplePlan.ForConv(window, int.MaxValue, new SeededRandom(0));

        Assert.Equal(expected.Dims.Skip(2), window.OutputSizes);
        Assert.Equal(expected.Count / 3, plan.Outputs.Length);
        var (values, weights) = (input.ToDoubles(), weight.ToDoubles());
        var area = values.Length / 2;
        var positions = plan.Outputs.Length;
        var found = new double[expected.Count];
        for (var m = 0; m < 3; m++)
        {
            for (var s = 0; s < positions; s++)
            {
                for (var k = 0; k < 2 * plan.Taps; k++)
                {
                    var (channel, tap) = Math.DivRem(k, plan.Taps);
                    var place = plan.Inputs[(s * plan.Taps) + tap];
                    found[(m * positions) + plan.Outputs[s]] += place < 0
                        ? 0
                        : weights[(m * 2 * plan.Taps) + k] * values[(channel * area) + place];
                }
            }
        }

        Assert.All(expected.ToDoubles().Zip(found), p => Assert.Equal(p.First, p.Second, Rounding));
    }

    [Fact]
    public void Sampled_positions_are_some_of_all_and_repeat_for_a_seed()
    {
        var window = ConvGeometry.OfPoints(2).Over([5, 7]);

        var plan = SamplePlan.ForConv(window, 10, new SeededRandom(3));

        Assert.Equal(10, plan.Outputs.Distinct().Count());
        Assert.All(plan.Outputs, p => Assert.InRange(p, 0, 34));
        Assert.Equal(plan.Outputs, plan.Inputs);
        Assert.Equal(plan.Outputs, SamplePlan.ForConv(window, 10, new SeededRandom(3)).Outputs);
    }
}
