using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

/// <summary>An attribute's field that holds 0 or nothing is there: ONNX's checker asks for the field that the type names.</summary>
public sealed class ExplicitZeroTests
{
    public static TheoryData<string, object> Zeros => new()
    {
        { "value_int", 0L },
        { "value_float", 0f },
        { "value_string", "" },
    };

    [Theory]
    [MemberData(nameof(Zeros))]
    public void Zero_of_a_node_that_is_not_touched_stays(string name, object zero)
    {
        var bytes = Pruneable(g => g.Op("Constant", [], (name, zero)));

        Assert.Equal(bytes, OnnxFile.ToBytes(OnnxFile.FromBytes(bytes)));
        Assert.Empty(Incomplete(bytes));
    }

    [Theory]
    [MemberData(nameof(Zeros))]
    public void Zero_stays_where_the_model_is_pruned(string name, object zero)
    {
        var model = OnnxFile.FromBytes(Pruneable(g => g.Op("Constant", [], (name, zero))));
        var shaped = ModelCopy.WithShapes(model);

        var written = OnnxFile.ToBytes(Pruner.Apply(shaped, RandomPlan.Of(shaped, new Random(3), 0.5)));

        Assert.NotEqual(OnnxFile.ToBytes(model), written);
        Assert.Empty(Incomplete(written));
        Assert.Contains(WireField.In(Attribute(written, name)), f => f.Number is 2 or 3 or 4);
    }

    [Fact]
    public void Zeros_beside_an_attribute_that_changes_stay()
    {
        var model = OnnxFile.FromBytes(Pruneable(g => g.Op("LeakyRelu", ["conv1.y"], ("alpha", 0f))));
        var node = model.Graph.Nodes.Single(n => n.OpType == "LeakyRelu");
        node.Set("of_the_program", 0L);

        var written = OnnxFile.ToBytes(model);

        Assert.Empty(Incomplete(written));
        Assert.Contains(WireField.In(Attribute(written, "alpha")), f => f.Number == AttributeProto.FFieldNumber);
        Assert.Contains(WireField.In(Attribute(written, "of_the_program")), f => f.Number == AttributeProto.IFieldNumber);
    }

    [Fact]
    public void Zeros_that_the_program_sets_are_written()
    {
        var model = OnnxFile.FromBytes(Pruneable(_ => { }));
        var node = model.Graph.Nodes[0];
        node.Set("an_integer", 0L);
        node.Set("a_float", 0f);
        node.Set("a_string", "");

        var written = OnnxFile.ToBytes(model);

        Assert.Empty(Incomplete(written));
        Assert.Contains(WireField.In(Attribute(written, "a_string")), f => f.Number == AttributeProto.SFieldNumber);
    }

    [Fact]
    public void Zeros_in_a_function_stay_when_it_is_inlined()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), 4);
        g.Close(new Wire(g.Op("Leaky", [x]), 4));
        g.Last.Domain = "";
        g.Proto.Graph.Node.Single(n => n.OpType == "Leaky").Domain = "local";
        g.ToBytes();
        g.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        g.Proto.Functions.Add(new FunctionProto
        {
            Name = "Leaky",
            Domain = "local",
            Input = { "a" },
            Output = { "b" },
            OpsetImport = { new OperatorSetIdProto { Version = 17 } },
            Node = { new NodeProto { OpType =
                "LeakyRelu", Input = { "a" }, Output = { "b" }, Attribute = { TestGraph.Attribute("alpha", 0f) } } },
        });
        var model = OnnxFile.FromBytes(g.ToBytes());

        var inlined = OnnxFile.ToBytes(OnnxFile.WithoutFunctions(model));

        Assert.Equal(0f, OnnxFile.FromBytes(inlined).Graph.Nodes.Single(n => n.OpType == "LeakyRelu").Float("alpha", 1));
        Assert.Empty(Incomplete(inlined));
    }

    [Fact]
    public void Zeros_in_subgraphs_stay()
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), 4);
        var body = new GraphProto { Name = "body" };
        body.Node.Add(
            new NodeProto
            {
                OpType =
                "LeakyRelu",
                Input = { x.Name },
                Output = { "body.y" },
                Attribute = { TestGraph.Attribute("alpha", 0f) }
            });
        body.Output.Add(TestGraph.Describe("body.y", ElementType.Float, [-1, 4, 4, 4]));
        var condition = g.Constant(new Tensor(ElementType.Bool, [], new byte[] { 1 }));
        g.Output(new Wire(g.Op("If", [condition], ("then_branch", body), ("else_branch", body)), 4));
        var bytes = g.ToBytes();

        Assert.Equal(bytes, OnnxFile.ToBytes(OnnxFile.FromBytes(bytes)));
        Assert.Empty(Incomplete(bytes));
    }

    [Fact]
    public void Explicit_zeros_outside_of_attributes_stay()
    {
        // ir_version, model_version, the version of an operator set, a doc string: all there, all 0 or empty.
        var graph = WireField.Contents(Pruneable(_ => { }), ModelProto.GraphFieldNumber).Single();
        var bytes = new WireMessage()
            .AddNumber(ModelProto.IrVersionFieldNumber, 0)
            .AddNumber(ModelProto.ModelVersionFieldNumber, 0)
            .Add(ModelProto.DocStringFieldNumber, "")
            .Add(ModelProto.OpsetImportFieldNumber, new WireMessage().Add(
                OperatorSetIdProto.DomainFieldNumber, "custom").AddNumber(OperatorSetIdProto.VersionFieldNumber, 0))
            .Add(ModelProto.OpsetImportFieldNumber, new WireMessage().Add(
                OperatorSetIdProto.DomainFieldNumber, "").AddNumber(OperatorSetIdProto.VersionFieldNumber, 17))
            .Add(ModelProto.GraphFieldNumber, graph)
            .ToArray();

        Assert.Equal(bytes, OnnxFile.ToBytes(OnnxFile.FromBytes(bytes)));
    }

    [Fact]
    public void Lists_stay_unpacked_and_fields_in_their_order()
    {
        // Exporters write numbers one by one and fields in any order; OnnxSharp would pack and sort them.
        var attribute = new WireMessage().AddNumber(AttributeProto.TypeFieldNumber, (long)AttributeProto.Types.AttributeType.Ints)
            .AddNumber(AttributeProto.IntsFieldNumber, 1)
                .AddNumber(AttributeProto.IntsFieldNumber, 1)
                .Add(AttributeProto.NameFieldNumber, "strides");
        var node = new WireMessage().Add(NodeProto.AttributeFieldNumber, attribute).Add(NodeProto.OpTypeFieldNumber, "Relu")
            .Add(NodeProto.InputFieldNumber, "x").Add(NodeProto.OutputFieldNumber, "y");
        var graph = new WireMessage()
            .Add(GraphProto.OutputFieldNumber, new ValueInfoProto { Name = "y" })
            .Add(GraphProto.InputFieldNumber, TestGraph.Describe("x", ElementType.Float, [1, 2]))
            .Add(GraphProto.NodeFieldNumber, node);
        var bytes = new WireMessage()
            .Add(ModelProto.GraphFieldNumber, graph)
            .Add(ModelProto.OpsetImportFieldNumber, new OperatorSetIdProto { Version = 17 })
            .AddNumber(ModelProto.IrVersionFieldNumber, 8)
            .ToArray();

        Assert.Equal(bytes, OnnxFile.ToBytes(OnnxFile.FromBytes(bytes)));
    }

    /// <summary>A model with a layer that can be cut, and what is added to it.</summary>
    private static byte[] Pruneable(Action<TestGraph> add)
    {
        var g = new TestGraph();
        var x = g.Conv(g.Input(3, 4, 4), 8);
        add(g);
        g.Close(g.Relu(x));
        return g.ToBytes();
    }

    /// <summary>The names of the attributes, at any depth, that lack the field that their type names.</summary>
    private static List<string> Incomplete(byte[] model)
    {
        var found = new List<string>();
        WireRewriter.Rewrite(OnnxMessage.Model, model, (kind, message) =>
        {
            if (kind == OnnxMessage.Attribute)
            {
                var attribute = AttributeProto.Parser.ParseFrom(message.Span);
                var field = attribute.Type switch
                {
                    AttributeProto.Types.AttributeType.Float => 2,
                    AttributeProto.Types.AttributeType.Int => 3,
                    AttributeProto.Types.AttributeType.String => 4,
                    _ => 0,
                };
                if (field > 0 && attribute.RefAttrName.Length == 0 && WireField.In(message).All(f => f.Number != field))
                {
                    found.Add(attribute.Name);
                }
            }

            return null;
        });
        return found;
    }

    private static ReadOnlyMemory<byte> Attribute(byte[] model, string name)
    {
        ReadOnlyMemory<byte>? found = null;
        WireRewriter.Rewrite(OnnxMessage.Model, model, (kind, message) =>
        {
            found = kind == OnnxMessage.Attribute && AttributeProto.Parser.ParseFrom(message.Span).Name == name ? message : found;
            return null;
        });
        return Assert.NotNull(found);
    }
}
