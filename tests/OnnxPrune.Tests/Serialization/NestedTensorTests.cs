using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

/// <summary>External data of tensors that are no initializers of the main graph go where the model goes.</summary>
public sealed class NestedTensorTests
{
    private static readonly float[] s_values = [1, -2, 3, -4];

    [Fact]
    public void Tensor_of_a_Constant_is_carried() => Carries(g =>
    {
        g.Output(g.Binary("Mul", g.Input(4), g.Op("Constant", [], ("value", Values()))));
        Externalize(g.Proto.Graph.Node.Single(n => n.OpType == "Constant").Attribute[0].T);
    });

    [Fact]
    public void Tensors_of_a_subgraph_are_carried() => Carries(g =>
    {
        var x = g.Input(4);
        var body = new GraphProto { Name = "body", Initializer = { TestGraph.Message("body.w", Values()) } };
        Externalize(body.Initializer[0]);
        body.Node.Add(new NodeProto { OpType = "Mul", Input = { x.Name, "body.w" }, Output = { "body.y" } });
        body.Output.Add(TestGraph.Describe("body.y", ElementType.Float, [-1, 4]));
        var condition = g.Constant(new Tensor(ElementType.Bool, [], new byte[] { 1 }));
        g.Output(new Wire(g.Op("If", [condition], ("then_branch", body), ("else_branch", body.Clone())), 4));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tensors_of_a_function_are_carried(bool inlined) => Carries(
        g =>
        {
            g.Output(new Wire(g.Op("Scaled", [g.Input(4)]), 4));
            g.Last.Domain = "local";
            g.ToBytes();
            g.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
            var function = new FunctionProto
            {
                Name = "Scaled",
                Domain =
                "local",
                Input = { "a" },
                Output = { "b" },
                OpsetImport = { new OperatorSetIdProto { Version = 17 } }
            };
            function.Node.Add(
                new NodeProto { OpType = "Constant", Output = { "w" }, Attribute = { TestGraph.Attribute("value", Values()) } });
            function.Node.Add(new NodeProto { OpType = "Mul", Input = { "a", "w" }, Output = { "b" } });
            Externalize(function.Node[0].Attribute[0].T);
            g.Proto.Functions.Add(function);
        },
        inlined);

    [Fact]
    public void Missing_file_is_told()
    {
        using var folder = new TemporaryFolder();
        var g = new TestGraph();
        g.Output(g.Binary("Mul", g.Input(4), g.Op("Constant", [], ("value", Values()))));
        Externalize(g.Proto.Graph.Node.Single(n => n.OpType == "Constant").Attribute[0].T);
        File.WriteAllBytes(folder.File("in.onnx"), g.ToBytes());

        Assert.Contains("does not exist", Assert.Throws<BrokenModelException>(() => OnnxFile.Read(folder.File("in.onnx"))).Message);
    }

    /// <summary>The model computes the same from a folder of its own.</summary>
    private static void Carries(Action<TestGraph> build, bool inlined = false)
    {
        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        var g = new TestGraph { Opset = 17 };
        build(g);
        File.WriteAllBytes(folder.File("in.onnx"), g.ToBytes());
        File.WriteAllBytes(folder.File("in.data"), [0, 0, 0, 0, .. System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(s_values)]);

        var model = OnnxFile.Read(folder.File("in.onnx"));
        using (var pending = OnnxFile.Stage(inlined ? OnnxFile.WithoutFunctions(model) : model, elsewhere.File("out.onnx")))
        {
            pending.Commit();
        }

        using var session = OnnxSession.Open(elsewhere.File("out.onnx"), SessionSettings.Plain);
        var result = session.Run(new Dictionary<string, Tensor> { ["input1"] = Tensor.Of([1f, 1, 1, 1], 1, 4) });
        Assert.Equal(s_values, result.Values.Single().ToFloats());
        Assert.Single(Directory.EnumerateFiles(elsewhere.Root));
    }

    private static Tensor Values() => Tensor.Of(s_values, 4);

    private static void Externalize(TensorProto tensor)
    {
        tensor.RawData = ByteString.Empty;
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        foreach (var (key, value) in new[] { ("location", "in.data"), ("offset", "4"), ("length", "16") })
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }
    }
}
