using OnnxPrune.Constants;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

public sealed class ModelCheckTests
{
    [Theory]
    [InlineData("Transpose", "perm", new long[] { 0, 2, 2, 3 }, "[0, 2, 2, 3] is no order of the axes of [N, 3, 4, 4]")]
    [InlineData("Transpose", "perm", new long[] { 1, 0 }, "[1, 0] is no order of the axes of [N, 3, 4, 4]")]
    [InlineData("ReduceMean", "axes", new long[] { 4 }, "among 4 axes there is none of [4]")]
    [InlineData("Softmax", "axis", -5L, "its input [N, 3, 4, 4] has no axis -5")]
    [InlineData("Flatten", "axis", 5L, "its input [N, 3, 4, 4] has no axis 5")]
    [InlineData(
        "MaxPool",
        "kernel_shape",
        new long[] { 2 },
        "'kernel_shape' has 1 numbers, but its input [N, 3, 4, 4] has 2 axes behind the channels")]
    [InlineData("AveragePool", "pads", new long[] { 1, 1 }, "'pads' has 2 numbers")]
    [InlineData("DepthToSpace", "blocksize", 0L, "'blocksize' is 0")]
    public void Attribute_that_does_not_fit_is_named(string op, string attribute, object value, string fault)
    {
        var g = new TestGraph();
        g.Output(g.Op(op, g.Input(3, 4, 4), (attribute, value)));

        Assert.Contains(fault, Assert.Single(Faults(g)));
    }

    [Fact]
    public void Inputs_that_are_missing_are_named()
    {
        var g = new TestGraph();
        g.Output(new Wire(g.Op("BatchNormalization", [g.Input(3, 4, 4), g.Weight(3)]), 3));

        Assert.Equal("BatchNormalization 'batchnormalization1': it has 2 inputs, but needs 5", Assert.Single(Faults(g)));
    }

    [Fact]
    public void Ranks_that_differ_are_named()
    {
        var g = new TestGraph();
        g.Output(new Wire(g.Op("Conv", [g.Input(3, 4, 4), g.Weight(4, 3, 3)]), 4), new Wire(
            g.Op("Concat", [g.Input(3, 4, 4), g.Input(3, 4)], ("axis", 1L)), 6));

        Assert.Equal(2, Faults(g).Count);
        Assert.All(Faults(g), f => Assert.Contains("differ in rank", f));
    }

    [Fact]
    public void What_is_wrong_is_said_before_channels_are_followed()
    {
        var g = new TestGraph();
        g.Output(g.Op("Transpose", g.Input(3, 4, 4), ("perm", new long[] { 7 })));

        var e = Assert.Throws<BrokenModelException>(() => NetworkAnalysis.Of(g.Build()));

        Assert.Contains("Transpose 'transpose1': [7] is no order of the axes", e.Message);
    }

    private static IReadOnlyList<string> Faults(TestGraph g) =>
        [.. ModelCheck.Faults(g.Build().Graph, new ShapeTerms(new ConstantValues()))];
}
