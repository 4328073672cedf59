using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

/// <summary>The reasons that keep channels from being cut, and their texts.</summary>
public sealed class BlockedTests
{
    private const int C = 8;

    private static Wire Start(TestGraph g) => g.Relu(g.Conv(g.Input(3, 4, 4), C));

    [Fact]
    public void Mean_over_channels_depends_on_their_number()
    {
        var g = new TestGraph();
        g.Output(new Wire(g.Op("ReduceMean", [Start(g)], ("axes", new long[] { 1 })), 1));

        Oracle.Blocks(g, "conv1", "ReduceMean 'reducemean1' reduces them to one value that depends on their number");
    }

    [Theory]
    [InlineData("ReduceSum")]
    [InlineData("ReduceL2")]
    [InlineData("ReduceSumSquare")]
    public void Sum_over_channels_is_exact(string op)
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Output(new Wire(op == "ReduceSum" ? g.Op(op, [x, g.Longs(1)], ("keepdims", 0L)) : g.Op(op, [x], ("axes", new long[] { -3 })), 1));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(11, 1)]
    [InlineData(11, 2)]
    [InlineData(13, 1)]
    [InlineData(13, 3)]
    public void Softmax_keeps_what_its_opset_normalizes(long opset, long axis)
    {
        var g = new TestGraph { Opset = opset };
        g.Close(g.Op("Softmax", Start(g), ("axis", axis)));

        if (axis == 1)
        {
            Oracle.Blocks(g, "conv1", "Softmax 'softmax1' normalizes over them");
        }
        else
        {
            Oracle.Holds(g, "conv1");
        }
    }

    [Fact]
    public void Softmax_before_opset_13_normalizes_everything_from_its_default_axis_on()
    {
        var g = new TestGraph { Opset = 11 };
        g.Close(g.Op("Softmax", Start(g)));

        Oracle.Blocks(g, "conv1", "normalizes over them");
    }

    [Fact]
    public void MaxPool_that_gives_indices_counts_over_channels()
    {
        var g = new TestGraph();
        var pooled = g.Ops("MaxPool", [Start(g)], 2, ("kernel_shape", new long[] { 2, 2 }));
        g.Output(new Wire(pooled[0], C), new Wire(pooled[1], C));

        Oracle.Blocks(g, "conv1", "MaxPool 'maxpool1' also gives the places of the maxima");
    }

    [Fact]
    public void ArgMax_over_channels_gives_an_index_among_them()
    {
        var g = new TestGraph();
        g.Output(new Wire(g.Op("ArgMax", [Start(g)], ("axis", 1L)), 1));

        Oracle.Blocks(g, "conv1", "ArgMax 'argmax1' gives an index among them");
    }

    [Fact]
    public void Operator_without_a_rule_blocks()
    {
        var g = new TestGraph();
        g.Close(g.Op("LRN", Start(g), ("size", 3L)));

        Oracle.Blocks(g, "conv1", "LRN 'lrn1' has no rule for its channels");
    }

    [Fact]
    public void Operator_of_a_foreign_domain_blocks()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.example", Version = 1 });
        g.Close(g.Op("Relu", x));
        g.Proto.Graph.Node.Single(n => n.Name == "relu2").Domain = "com.example";
        var model = g.Build();
        foreach (var value in model.Graph.Values.Where(v => v.Producer is not null))
        {
            value.Shape = new Shape(2, value.Name == "conv2.y" ? 2 : C, 4, 4);
        }

        Assert.All(Oracle.Pins(model, "conv1"), p =>
            Assert.Contains("Relu 'relu2' is an operator of the domain 'com.example', for which there is no rule", p));
    }

    [Fact]
    public void Value_that_a_subgraph_captures_stays()
    {
        var g = new TestGraph();
        var x = Start(g);
        GraphProto Body(string name, string op)
        {
            var body = new GraphProto { Name = name };
            var node = new NodeProto { OpType = op, Output = { name + ".y" } };
            node.Input.Add(x.Name);
            body.Node.Add(node);
            body.Output.Add(
                new ValueInfoProto
                {
                    Name = name + ".y",
                    Type =
                    new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } }
                });
            return body;
        }

        var condition = g.Constant(new Tensor(ElementType.Bool, [], new byte[] { 1 }));
        var y = g.Op("If", [condition], ("then_branch", Body("then", "Sin")), ("else_branch", Body("else", "Cos")));
        g.Close(g.Conv(x, 6));
        g.Output(new Wire(g.Op("ReduceSum", [y]), 1));

        Oracle.Blocks(g, "conv1", "is captured by a subgraph of If 'if1'");
        Oracle.Holds(g, "conv2");
    }

    [Fact]
    public void Function_of_the_model_that_was_not_inlined_blocks()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        var function = new FunctionProto { Name = "Twice", Domain = "local", Input = { "a" }, Output = { "b" } };
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 17 });
        function.Node.Add(new NodeProto { OpType = "Add", Input = { "a", "a" }, Output = { "b" } });
        g.Proto.Functions.Add(function);
        var y = g.Op("Twice", x);
        g.Last.Domain = "local";
        g.Close(g.Conv(y, 6));

        Oracle.Blocks(g, "conv1", "Twice 'twice1' calls a function of the model that could not be inlined");
    }

    [Fact]
    public void Value_of_unknown_shape_keeps_the_channels_that_flow_into_it()
    {
        // given
        var g = new TestGraph();
        g.Close(g.Op("Sin", Start(g)));
        var model = ModelCopy.WithShapes(g.Build());

        // when
        model.Graph.Find("relu1.y")!.Shape = null;

        // then
        Assert.All(Oracle.Pins(model, "conv1"), p => Assert.Equal("flow into 'relu1.y', whose shape is unknown", p));
    }

    [Fact]
    public void Output_that_nobody_reads_may_be_of_unknown_shape()
    {
        var g = new TestGraph { Opset = 11 };
        var dropped = g.Ops("Dropout", [Start(g)], 2);
        g.Close(new Wire(dropped[0], C));
        var model = ModelCopy.WithShapes(g.Build());
        model.Graph.Find(dropped[1])!.Shape = null;

        Assert.All(Oracle.Pins(model, "conv1"), Assert.Null);
    }

    [Fact]
    public void Shape_that_is_an_output_gives_the_channel_count_away()
    {
        var g = new TestGraph();
        var x = Start(g);
        g.Output(new Wire(g.Op("Shape", [x]), 4));
        g.Close(x);

        Oracle.Blocks(g, "conv1", "Shape 'shape1' gives their number away");
    }

    [Fact]
    public void Channel_count_that_scales_a_value_stays()
    {
        var g = new TestGraph();
        var x = Start(g);
        var count = g.Op("Cast", [g.Op("Gather", [g.Op("Shape", [x]), g.Longs(1)])], ("to", (long)ElementType.Float));
        g.Close(g.Binary("Div", x, g.Op("Sqrt", [count])));

        Oracle.Blocks(g, "conv1", "Div 'div1' reads its channel count as a number");
    }

    [Theory]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(13)]
    public void Dropout_and_Clip_take_the_form_of_their_opset(long opset)
    {
        var g = new TestGraph { Opset = opset };
        var x = opset < 12 ? g.Op("Dropout", Start(g), ("ratio", 0.5f)) : new Wire(g.Op("Dropout", [Start(g), g.Scalar(0.5)]), C);
        g.Close(opset < 11 ? g.Op("Clip", x, ("min", 0f), ("max", 0.5f)) : new Wire(g.Op("Clip", [x, "", g.Scalar(0.5)]), C));

        Oracle.Holds(g, "conv1");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(18)]
    public void Reductions_take_axes_in_the_form_of_their_opset(long opset)
    {
        var g = new TestGraph { Opset = opset };
        var x = Start(g);
        var sum = opset < 13 ? g.Op("ReduceSum", [x], ("axes", new long[] { 2, 3 })) : g.Op("ReduceSum", [x, g.Longs(2, -1)]);
        var mean = opset < 18 ? g.Op("ReduceMean", [x], ("axes", new long[] { -2, -1 })) : g.Op("ReduceMean", [x, g.Longs(2, 3)]);
        g.Close(g.Add(new Wire(sum, C), new Wire(mean, C)));

        Oracle.Holds(g, "conv1");
    }
}
