using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Runtime.Tests.Sessions;

public sealed class OutlineTrialTests
{
    [Fact]
    public void Model_that_loads_does_so_without_its_weights() => Assert.True(OutlineTrial.Loads(Model(channels: 40)));

    [Fact]
    public void Model_with_an_operator_that_nobody_knows_does_not_load() =>
        Assert.False(OutlineTrial.Loads(Model(channels: 40, "Frobnicate")));

    [Fact]
    public void Outline_leaves_out_large_weights_and_says_everything_else()
    {
        var folder = Directory.CreateTempSubdirectory("onnxprune-tests-");
        try
        {
            // given
            var model = Model(channels: 400);
            var whole = OnnxFile.ToBytes(model);

            // when
            var bytes = ModelOutline.Write(model, folder.FullName);

            // then
            Assert.InRange(bytes.Length, 1, whole.Length / 10);
            var (outline, file) = (ModelProto.Parser.ParseFrom(bytes).Graph, ModelProto.Parser.ParseFrom(whole).Graph);
            Assert.Equal(file.Node, outline.Node);
            Assert.Equal(file.Initializer.Select(Described), outline.Initializer.Select(Described));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Described(TensorProto tensor) => $"{tensor.Name} {tensor.DataType} {tensor.Dims}";

    private static Model Model(int channels, string activation = "Relu")
    {
        var g = new TestGraph();
        g.Output(g.Conv(g.Op(activation, g.Conv(g.Input(3, 8, 8), channels)), 8));
        return g.Build();
    }
}
