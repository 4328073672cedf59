using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Constants;

/// <summary>Weights wherever ONNX lets them be.</summary>
public sealed class WeightPlaceTests
{
    [Fact]
    public void Weights_in_Constant_nodes_are_cut()
    {
        var g = new TestGraph { UsesConstantNodes = true };
        g.Close(g.ConvBnRelu(g.ConvBnRelu(g.Input(3, 6, 6), 8), 6));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Weight_through_Identity_is_cut()
    {
        var g = new TestGraph();
        var shared = g.Weight(0.4, [8, 3, 3, 3]);
        var x = g.Input(3, 6, 6);
        var left = g.Conv(x, 8, kernel: 3, weight: shared);
        var right = g.Conv(g.Op("Sin", x), 8, kernel: 3, weight: g.Op("Identity", [shared]));
        g.Close(g.Concat(1, g.Relu(left), right));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Weight_through_Transpose_is_cut()
    {
        var g = new TestGraph();
        var weight = g.Op("Transpose", [g.Weight(0.4, [3, 3, 3, 8])], ("perm", new long[] { 3, 0, 1, 2 }));
        g.Close(g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3, weight: weight)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Weight_from_ConstantOfShape_is_cut()
    {
        var g = new TestGraph();
        var weight = g.Op("ConstantOfShape", [g.Longs(8, 3, 3, 3)], ("value", Tensor.Of([0.1f])));
        g.Close(g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3, weight: weight)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Initializers_that_are_listed_as_inputs_shrink_in_both_lists()
    {
        var g = new TestGraph();
        var weight = g.Weight(0.4, [8, 3, 3, 3]);
        g.Proto.IrVersion = 3;
        g.ListAsInput(weight);
        g.Close(g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3, weight: weight)));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Weights_in_half_precision_are_cut()
    {
        var g = new TestGraph { Type = ElementType.Float16 };
        g.Classify(g.Relu(g.Conv(g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3)), 6)));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Weights_in_double_precision_are_cut()
    {
        var g = new TestGraph { Type = ElementType.Double };
        g.Output(g.Linear(g.Relu(g.Linear(g.Input(6), 8)), 3));

        Oracle.Holds(g, "gemm1");
    }

    [Fact]
    public void Weights_in_bfloat16_that_are_cast_to_float_are_cut()
    {
        var g = new TestGraph();
        var narrow = new TestGraph { Type = ElementType.BFloat16 };
        var name = narrow.Weight(0.4, [8, 3, 3, 3]);
        var tensor = narrow.Proto.Graph.Initializer.Single(i => i.Name == name).Clone();
        tensor.Name = "narrow";
        g.Proto.Graph.Initializer.Add(tensor);
        g.Close(g.Relu(g.Conv(g.Input(3, 6, 6), 8, kernel: 3, weight: g.Op("Cast", ["narrow"], ("to", (long)ElementType.Float)))));

        Oracle.Holds(g, "conv1");
    }

    [Fact]
    public void Bias_that_two_layers_share_couples_their_channels()
    {
        var g = new TestGraph();
        var x = g.Input(3, 6, 6);
        var bias = g.Weight(8);
        var left = new Wire(g.Op("Conv", [x, g.Weight(8, 3, 1, 1), bias]), 8);
        var right = new Wire(g.Op("Conv", [x, g.Weight(8, 3, 1, 1), bias]), 8);
        g.Close(g.Concat(1, g.Relu(left), right));

        Oracle.Holds(g, "conv1", "conv2");
    }

    [Fact]
    public void Bias_of_a_layer_that_is_also_read_by_an_output_layer_stays()
    {
        var g = new TestGraph();
        var x = g.Input(3, 6, 6);
        var bias = g.Weight(8);
        var first = new Wire(g.Op("Conv", [x, g.Weight(8, 3, 1, 1), bias]), 8);
        g.Output(new Wire(g.Op("Conv", [g.Relu(first), g.Weight(8, 8, 1, 1), bias]), 8));

        Oracle.Blocks(g, "conv1", "reaches the graph's output");
    }

    [Fact]
    public void Constant_that_broadcasts_elsewhere_keeps_its_channels()
    {
        var g = new TestGraph();
        var x = g.Input(8, 6, 6);
        var scale = g.Weight(8, 1, 1);
        var cut = g.Binary("Mul", g.Conv(x, 8), scale);
        g.Close(g.Add(cut, g.Conv(g.Binary("Mul", x, scale), 8)));

        Oracle.Blocks(g, "conv1", "is also read by Mul 'mul2'");
    }
}
