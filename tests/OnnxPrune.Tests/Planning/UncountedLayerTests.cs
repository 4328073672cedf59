using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

public sealed class UncountedLayerTests
{
    [Fact]
    public void Conv_whose_weight_is_computed_from_the_input_is_counted_by_its_shape()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 8));
        var weight = g.Op("Reshape", [g.Op("ReduceMean", g.Conv(x, 6), ("axes", new long[] { 0, 2, 3 })), g.Longs(2, 3, 1, 1)]);
        g.Output(g.Conv(g.Conv(x, 3), 2, weight: weight));

        var network = Analyse(g);

        Assert.Empty(network.Uncounted);
        Assert.Equal(16 * ((3 * 8) + (8 * 6) + (8 * 3) + (2 * 3)), network.Cost.Macs);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Target_of_MACs_is_refused_where_the_size_of_a_fed_weight_is_not_known(bool hasRank)
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 8));
        g.Proto.Graph.Input.Add(TestGraph.Describe("fed", ElementType.Float, [-1, 8, -1, -1]));
        g.Proto.Graph.Input[^1].Type.TensorType.Shape = hasRank ? g.Proto.Graph.Input[^1].Type.TensorType.Shape : null;
        g.Output(new Wire(g.Op("Conv", [x, "fed"]), 2));

        var network = Analyse(g);

        Assert.Equal("conv2", Assert.Single(network.Uncounted).Node.Label);
        var e = Assert.Throws<TargetOutOfReachException>(() => network.CheckCounts([Target.Parse("params=90%"), Target.Parse("macs=50%")]));
        Assert.Contains("conv2", e.Message);
        Assert.Contains("macs=50%", e.Message);
        network.CheckCounts([Target.Parse("params=50%"), Target.Parse("channels=50%")]);
    }

    [Fact]
    public void Conv_whose_output_is_said_to_be_a_single_number_is_uncounted()
    {
        var g = new TestGraph();
        g.Output(g.Conv(g.Conv(g.Input(3, 4, 4), 8), 6));
        var model = ModelCopy.WithShapes(g.Build());
        model.Graph.Find("conv2.y")!.Shape = new Shape();

        var network = NetworkAnalysis.Of(model);

        Assert.Equal("conv2", Assert.Single(network.Uncounted).Node.Label);
    }

    [Fact]
    public void Layers_inside_subgraphs_are_uncounted_and_their_constants_are_parameters()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 8));
        g.Close(g.ConvInBranches(x));

        var network = Analyse(g);

        Assert.Contains("(Conv)", Assert.Single(network.Uncounted).Reason);
        Assert.Equal((3 * 8) + 8 + (2 * 64) + (8 * 2) + 2 + 1, network.Cost.Parameters);
    }

    [Fact]
    public void Integer_and_recurrent_layers_and_products_by_an_equation_are_counted()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(ElementType.Float, [1, 3, 4, 4], 3), 8));
        var bytes = g.Ops("DynamicQuantizeLinear", [x], 3)[0];
        g.Output(new Wire(g.Op("ConvInteger", [bytes, g.Constant(new Tensor(ElementType.UInt8, [5, 8, 1, 1], new byte[40]))]), 5));
        var sequence = g.Op("Reshape", [x, g.Longs(4, -1, 32)]);
        g.Output(new Wire(g.Ops("LSTM", [sequence, g.Weight(1, 24, 32), g.Weight(1, 24, 6)], 1, ("hidden_size", 6L))[0], 0));
        g.Output(new Wire(g.Op("Einsum", [g.Op("Reshape", [x, g.Longs(-1, 8, 16)]), g.Weight(8, 7)], ("equation", "ncp,cm->nmp")), 7));

        var network = Analyse(g);

        Assert.Empty(network.Uncounted);
        Assert.Equal((16 * 3 * 8) + (16 * 5 * 8) + (4 * 24 * (32 + 6)) + (16 * 8 * 7), network.Cost.Macs);
    }

    private static NetworkAnalysis Analyse(TestGraph graph) => NetworkAnalysis.Of(ModelCopy.WithShapes(graph.Build()));
}
