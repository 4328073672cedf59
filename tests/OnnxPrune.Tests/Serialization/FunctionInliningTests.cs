using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

public sealed class FunctionInliningTests
{
    private const int C = 8;

    [Fact]
    public void Inlined_model_computes_the_same_and_can_be_cut()
    {
        // given
        var model = Model(function => { });

        // when
        var inlined = OnnxFile.WithoutFunctions(model);

        // then
        Assert.Empty(inlined.Functions);
        Assert.All(inlined.Graph.Nodes, n => Assert.Empty(n.Domain));
        Assert.Equal(0.3f, inlined.Graph.Nodes.First(n => n.OpType == "LeakyRelu").Float("alpha", 0));
        Assert.Equal(Run(model), Run(inlined));
        Oracle.Holds(inlined, layers: "conv1");
    }

    [Fact]
    public void Function_that_is_named_like_an_operator_of_the_runtime_is_not_followed()
    {
        // given
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(g.Input(3, 4, 4), C)));
        var function = new FunctionProto
        {
            Name =
            "Relu",
            Input = { "a" },
            Output = { "b" },
            OpsetImport = { new OperatorSetIdProto { Version = g.Opset } }
        };
        function.Node.Add(new NodeProto { OpType = "Sigmoid", Input = { "a" }, Output = { "b" } });
        g.Proto.Functions.Add(function);

        // when
        var read = g.Build();
        var inlined = OnnxFile.WithoutFunctions(read);

        // then
        Assert.Contains(inlined.Graph.Nodes, n => n.OpType == "Relu");
        Assert.Equal(Run(read), Run(inlined));
        Assert.Equal(Run(read), Run(OnnxFile.FromBytes(OnnxFile.ToBytes(inlined))));
        Oracle.Blocks(inlined, "conv1", "has the name of an operator and of a function of the model");
    }

    [Fact]
    public void Model_without_functions_is_left_alone()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Input(3, 4, 4), C));
        var model = g.Build();

        Assert.Same(model, OnnxFile.WithoutFunctions(model));
    }

    [Fact]
    public void Attribute_that_the_call_leaves_out_is_left_out()
    {
        var inlined = OnnxFile.WithoutFunctions(Model(_ => { }, alpha: null));

        Assert.All(inlined.Graph.Nodes.Where(n => n.OpType == "LeakyRelu"), n => Assert.Null(n.Attribute("alpha")));
    }

    [Fact]
    public void Body_for_another_operator_set_stays_a_function()
    {
        var inlined = OnnxFile.WithoutFunctions(Model(function => function.OpsetImport[0].Version = 16));

        Assert.NotEmpty(inlined.Functions);
        Oracle.Blocks(inlined, "conv1", "Twice 'twice1' calls a function of the model that could not be inlined");
    }

    [Fact]
    public void Attribute_with_a_default_of_the_function_stays_in_it()
    {
        var inlined = OnnxFile.WithoutFunctions(Model(function => function.Attribute.Clear(), alpha: null));

        Assert.NotEmpty(inlined.Functions);
    }

    [Fact]
    public void Functions_in_a_circle_are_refused()
    {
        var failure = Assert.Throws<BrokenModelException>(() => OnnxFile.WithoutFunctions(Model(function =>
        {
            function.Node[0].OpType = function.Name;
            function.Node[0].Domain = function.Domain;
        })));

        Assert.Contains("in a circle", failure.Message);
    }

    [Fact]
    public void Functions_that_multiply_are_refused()
    {
        var failure = Assert.Throws<BrokenModelException>(() => OnnxFile.WithoutFunctions(Model(function =>
        {
            function.Node[1].Input.RemoveAt(0);
            foreach (var node in function.Node)
            {
                (node.OpType, node.Domain) = (function.Name, function.Domain);
            }
        })));

        Assert.Contains("nodes", failure.Message);
    }

    /// <summary>conv1, two calls of Twice(x) = x + LeakyRelu(x), conv2.</summary>
    private static Model Model(Action<FunctionProto> change, float? alpha = 0.3f)
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), C);
        for (var call = 0; call < 2; call++)
        {
            x = alpha is { } slope ? g.Op("Twice", x, ("slope", slope)) : g.Op("Twice", x);
            g.Last.Domain = "local";
        }

        g.Close(x);
        g.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        var leaky = new NodeProto { OpType = "LeakyRelu", Input = { "a" }, Output = { "t" } };
        leaky.Attribute.Add(new AttributeProto { Name = "alpha", RefAttrName = "slope", Type = AttributeProto.Types.AttributeType.Float });
        var function = new FunctionProto { Name = "Twice", Domain = "local", Input = { "a" }, Output = { "b" }, Attribute = { "slope" } };
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = g.Opset });
        function.Node.Add(leaky);
        function.Node.Add(new NodeProto { OpType = "Add", Input = { "a", "t" }, Output = { "b" } });
        change(function);
        g.Proto.Functions.Add(function);
        return g.Build();
    }

    private static float[] Run(Model model)
    {
        using var session = OnnxSession.Open(OnnxFile.ToBytes(model), null, SessionSettings.Plain, "the model");
        return session.Run(RandomInputs.For(model, new Random(1))).Values.Single().ToFloats();
    }
}
