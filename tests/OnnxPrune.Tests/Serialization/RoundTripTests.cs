using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

public sealed class RoundTripTests
{
    [Fact]
    public void Everything_that_is_not_touched_stays()
    {
        var message = Rich();
        var bytes = message.ToByteArray();

        var written = OnnxFile.ToBytes(OnnxFile.FromBytes(bytes));

        Assert.Equal(message, ModelProto.Parser.ParseFrom(written));
    }

    [Fact]
    public void Clone_writes_the_same_bytes()
    {
        var model = OnnxFile.FromBytes(Rich().ToByteArray());

        Assert.Equal(OnnxFile.ToBytes(model), OnnxFile.ToBytes(model.Clone()));
    }

    [Fact]
    public void Writing_leaves_the_model_as_it_was_so_that_threads_may_write_at_once()
    {
        var whole = ModelCopy.WithShapes(Cuttable());
        var model = Pruner.Apply(whole, RandomPlan.Of(whole, new Random(3), 0.5));
        model.Graph.Nodes[0].Set("of_the_program", 0L);
        var expected = OnnxFile.ToBytes(model);

        var written = Enumerable.Range(0, 64).AsParallel().WithDegreeOfParallelism(8).Select(_ => OnnxFile.ToBytes(model)).ToArray();

        Assert.All(written, w => Assert.Equal(expected, w));
    }

    [Fact]
    public void Clone_has_values_and_nodes_of_its_own()
    {
        var model = ModelCopy.WithShapes(Cuttable());
        var before = OnnxFile.ToBytes(model);

        var copy = model.Clone();
        copy.Graph.Nodes[0].Set("of_the_program", 0L);
        copy.Metadata["author"] = "another";

        Assert.Equal(before, OnnxFile.ToBytes(model));
        Assert.NotEqual(before, OnnxFile.ToBytes(copy));
        Assert.Empty(model.Graph.Values.Intersect(copy.Graph.Values));
        Assert.Empty(model.Graph.Nodes.Intersect(copy.Graph.Nodes));
    }

    [Fact]
    public void Metadata_that_was_set_is_saved()
    {
        var model = OnnxFile.FromBytes(Rich().ToByteArray());
        model.Metadata["onnxprune.plan"] = "{}";

        var again = OnnxFile.FromBytes(OnnxFile.ToBytes(model));

        Assert.Equal("{}", again.Metadata["onnxprune.plan"]);
        Assert.Equal("somebody", again.Metadata["author"]);
    }

    [Theory]
    [InlineData(ElementType.Float)]
    [InlineData(ElementType.Double)]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.Int64)]
    [InlineData(ElementType.Int8)]
    [InlineData(ElementType.UInt8)]
    internal void Typed_fields_hold_the_same_elements_as_raw_data(ElementType type)
    {
        double[] values = [1, 0, 1, 1, 0, 1];
        var raw = new Tensor(type, [0], Array.Empty<byte>()).WithValues(values, 2, 3);

        var model = OnnxFile.FromBytes(With(Typed(type, values, raw)).ToByteArray());

        var read = model.Graph.Find("typed")!.Initializer!;
        Assert.Equal(values, read.ToDoubles());
        Assert.Equal(raw.Data.ToArray(), read.Data.ToArray());
    }

    [Fact]
    public void Names_that_the_file_describes_without_having_them_stay()
    {
        var message = Rich();
        message.Graph.ValueInfo.Add(TestGraph.Describe("of.a.value.that.is.not.there", ElementType.Float, [1, 2]));

        var written = OnnxFile.ToBytes(OnnxFile.FromBytes(message.ToByteArray()));

        Assert.Equal(message, ModelProto.Parser.ParseFrom(written));
    }

    private static Model Cuttable()
    {
        var g = new TestGraph();
        g.Close(g.ConvBnRelu(g.ConvBnRelu(g.Input(3, 4, 4), 16), 16));
        return g.Build();
    }

    /// <summary>A model with something in every corner of the format.</summary>
    private static ModelProto Rich()
    {
        var g = new TestGraph { Opset = 17 };
        var x = g.Relu(g.Conv(g.Input(3, 4, 4), 64, kernel: 3));
        g.Last.DocString = "a node's words";
        var body = new GraphProto { Name = "body", DocString = "a subgraph's words" };
        body.Node.Add(new NodeProto { OpType = "Sin", Input = { x.Name }, Output = { "body.y" } });
        body.Output.Add(TestGraph.Describe("body.y", ElementType.Float, [-1, 64, 4, 4]));
        var condition = g.Constant(new Tensor(ElementType.Bool, [], new byte[] { 1 }));
        g.Close(new Wire(g.Op("If", [condition], ("then_branch", body), ("else_branch", body)), 64));
        g.ToBytes();

        var message = g.Proto;
        message.ProducerName = "somebody";
        message.DocString = "the model's words";
        message.MetadataProps.Add(new StringStringEntryProto { Key = "author", Value = "somebody" });
        message.Functions.Add(new FunctionProto { Name = "Twice", Domain = "local", Input = { "a" }, Output = { "b" } });
        message.Graph.Initializer.Add(Typed(ElementType.Float, [1, 2], new Tensor(ElementType.Float, [2], new byte[8])));
        message.Graph.Initializer.Add(
            new TensorProto
            {
                Name = "words",
                DataType =
                (int)ElementType.String,
                Dims = { 1 },
                StringData = { ByteString.CopyFromUtf8("hello") }
            });
        message.Graph.ValueInfo.Add(TestGraph.Describe(x, ElementType.Float, [-1, 64, 4, 4]));
        return WithUnknownFields(message);
    }

    /// <summary>Adds field 1000 to the model: what a later version of the format might have.</summary>
    private static ModelProto WithUnknownFields(ModelProto message)
    {
        using var stream = new MemoryStream();
        message.WriteTo(stream);
        var output = new CodedOutputStream(stream);
        output.WriteTag(1000, WireFormat.WireType.LengthDelimited);
        output.WriteString("from the future");
        output.Flush();
        return ModelProto.Parser.ParseFrom(stream.ToArray());
    }

    private static ModelProto With(TensorProto tensor)
    {
        var g = new TestGraph();
        g.Close(g.Input(3, 4, 4));
        g.ToBytes();
        g.Proto.Graph.Initializer.Add(tensor);
        return g.Proto;
    }

    private static TensorProto Typed(ElementType type, double[] values, Tensor raw)
    {
        var tensor = new TensorProto { Name = "typed", DataType = (int)type };
        tensor.Dims.AddRange(values.Length == raw.Count ? raw.Dims : [values.Length]);
        switch (type)
        {
            case ElementType.Float:
                tensor.FloatData.AddRange(values.Select(v => (float)v));
                break;
            case ElementType.Double:
                tensor.DoubleData.AddRange(values);
                break;
            case ElementType.Int64:
                tensor.Int64Data.AddRange(values.Select(v => (long)v));
                break;
            case ElementType.Float16 or ElementType.BFloat16:
                tensor.Int32Data.AddRange(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(raw.Data.Span).ToArray()
                    .Select(b => (int)b));
                break;
            default:
                tensor.Int32Data.AddRange(values.Select(v => (int)v));
                break;
        }

        return tensor;
    }
}
