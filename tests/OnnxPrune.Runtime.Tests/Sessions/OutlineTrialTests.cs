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
            File.WriteAllBytes(Path.Combine(folder.FullName, "m.onnx"), ModelOutline.Write(model, folder.FullName));

            // when
            var outline = OnnxFile.Read(Path.Combine(folder.FullName, "m.onnx"));

            // then
            Assert.InRange(new FileInfo(Path.Combine(folder.FullName, "m.onnx")).Length, 1, OnnxFile.ToBytes(model).Length / 10);
            Assert.Equal(model.Graph.Nodes.Select(n => n.ToString()), outline.Graph.Nodes.Select(n => n.ToString()));
            Assert.Equal(
                model.Graph.Initializers.Select(v => (v.Name, v.Initializer!.ToString())),
                outline.Graph.Initializers.Select(v => (v.Name, v.Initializer!.ToString())));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Model Model(int channels, string activation = "Relu")
    {
        var g = new TestGraph();
        g.Output(g.Conv(g.Op(activation, g.Conv(g.Input(3, 8, 8), channels)), 8));
        return g.Build();
    }
}
