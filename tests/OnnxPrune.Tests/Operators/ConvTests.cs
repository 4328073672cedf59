using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

public sealed class ConvTests
{
    [Fact]
    public void Conv_loses_output_channels_and_its_reader_the_input_channels()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Conv_without_bias_is_cut()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3, stride: 2, bias: false)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Depthwise_Conv_follows_its_input()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Depthwise(g.ConvBnRelu(g.Input(3, 6, 6), 8))));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Depthwise_Conv_with_a_multiplier_follows_its_input()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Depthwise(g.ConvBnRelu(g.Input(3, 6, 6), 6), multiplier: 3)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Groups_shrink_alike()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(g.ConvBnRelu(g.Input(3, 6, 6), 12), 8, kernel: 3, group: 4)));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Grouped_Conv_on_the_graphs_input_can_lose_outputs()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(g.Input(6, 6, 6), 12, kernel: 3, group: 3)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Depthwise_Conv_on_the_graphs_input_stays()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Relu(g.Depthwise(g.Input(6, 6, 6))), 8));

        Oracle.Holds(g, "conv2");
        Assert.Equal(["conv2"], Pruned.Layers(g));
    }

    [Fact]
    public void Conv_that_is_the_graphs_output_stays()
    {
        var g = new TestGraph();
        var inner = g.Conv(g.Input(3, 6, 6), 8);
        g.Output(inner);
        g.Close(inner);

        Oracle.Blocks(g, "conv1", "reaches the graph's output 'conv1.y'");
    }

    [Fact]
    public void Conv_whose_weight_is_computed_blocks_its_input()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 6, 6), 4);
        var weight = g.Op("Softmax", [g.Weight(2, 4, 1, 1)]);
        g.Output(new Wire(g.Op("Conv", [x, weight]), 2));

        Oracle.Blocks(g, "conv1", "Conv 'conv2' has a weight that is no constant");
    }

    [Fact]
    public void Two_Convs_that_share_a_weight_lose_the_same_channels()
    {
        var g = new TestGraph();
        var shared = g.Weight(0.5, [8, 4, 3, 3]);
        var x = g.Conv(g.Input(3, 6, 6), 4);
        var left = g.Relu(g.Conv(x, 8, kernel: 3, weight: shared));
        var right = g.Relu(g.Conv(g.Op("Tanh", x), 8, kernel: 3, weight: shared));
        g.Close(g.Concat(1, left, right));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Shared_weight_that_reads_the_graphs_input_elsewhere_keeps_its_input_channels()
    {
        var g = new TestGraph();
        var shared = g.Weight(0.5, [3, 3, 3, 3]);
        var first = g.Relu(g.Conv(g.Input(3, 6, 6), 3, kernel: 3, weight: shared));
        g.Close(g.Conv(g.Relu(g.Conv(first, 3, kernel: 3, weight: shared)), 6));

        Oracle.Blocks(g, "conv1", "where this axis belongs to something that stays");
        Oracle.Holds(g, "conv3");
    }

    [Fact]
    public void Weight_that_is_also_an_output_of_the_graph_stays()
    {
        var g = new TestGraph();
        var weight = g.Weight(0.5, [4, 3, 1, 1]);
        g.Close(g.Relu(g.Conv(g.Input(3, 6, 6), 4, weight: weight)));
        g.Output(new Wire(weight, 4));

        Oracle.Blocks(g, "conv1", $"reaches the graph's output '{weight}'");
    }

    [Fact]
    public void Conv_over_one_axis_is_cut()
    {
        var g = new TestGraph();
        var x = g.Input(3, 9);
        var y = new Wire(g.Op("Conv", [x, g.Weight(0.5, [6, 3, 3]), g.Weight(6)]), 6);
        g.Output(new Wire(g.Op("Conv", [g.Relu(y), g.Weight(0.5, [2, 6, 3])]), 2));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Conv_over_three_axes_is_cut()
    {
        var g = new TestGraph();
        var x = g.Input(2, 4, 4, 4);
        var y = new Wire(g.Op("Conv", [x, g.Weight(0.5, [6, 2, 3, 3, 3]), g.Weight(6)]), 6);
        g.Output(new Wire(g.Op("Conv", [g.Relu(y), g.Weight(0.5, [2, 6, 1, 1, 1])]), 2));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData("Conv", "initializer")]
    [InlineData("Conv", "Constant")]
    [InlineData("ConvTranspose", "computed")]
    public void Bias_that_is_no_list_is_broken(string op, string kind)
    {
        var g = new TestGraph();
        var weight = g.Weight(4, 4, 1, 1);
        var bias = kind switch
        {
            "initializer" => weight,
            "Constant" => g.Op(
            "Constant",
            Array.Empty<string>(),
            ("value", new Tensor(ElementType.Float, [2, 2], new byte[16]))),
            _ => g.Op("Relu", [weight])
        };
        g.Output(new Wire(g.Op(op, [g.Input(4, 4, 4), g.Weight(4, 4, 1, 1), bias]), 4));

        var e = Assert.Throws<BrokenModelException>(() => ChannelFlow.Through(ModelCopy.WithShapes(g.Build())));

        Assert.Contains("is no list of numbers", e.Message);
    }
}
