using Google.Protobuf;
using Onnx;

namespace OnnxPrune.Cli.Tests;

/// <summary>A run with <c>--no-verify</c> does not run the models: a file that ONNX Runtime does not load is not written.</summary>
public sealed class UnverifiedResultTests : TemporaryFolder
{
    [Fact]
    public void Model_without_a_format_version_ends_with_4() => Refused(model => model.IrVersion = 0);

    [Fact]
    public void Model_that_states_a_wrong_type_of_an_inner_value_ends_with_4() =>
        Refused(model => model.Graph.ValueInfo.Add(new ValueInfoProto
        {
            Name = model.Graph.Node[0].Output[0],
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Int64 } },
        }));

    [Fact]
    public void Name_of_a_dense_and_a_sparse_initializer_ends_with_4() =>
        Refused(model => model.Graph.SparseInitializer.Add(new SparseTensorProto
        {
            Values = new TensorProto
            {
                Name = model.Graph.Initializer[0].Name,
                DataType =
            (int)TensorProto.Types.DataType.Float,
                Dims = { 1 },
                FloatData = { 1 }
            },
            Indices = new TensorProto { DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 1 }, Int64Data = { 0 } },
            Dims = { model.Graph.Initializer[0].Dims },
        }));

    [Fact]
    public void Explicit_format_version_of_0_stays()
    {
        // given
        const byte IrVersionTag = 8;
        var bytes = File.ReadAllBytes(Cli.Resnet);
        Assert.Equal(IrVersionTag, bytes[0]);
        bytes[1] = 0;
        File.WriteAllBytes(At("in.onnx"), bytes);

        // when
        var outcome = Cli.Run(At("in.onnx"), At("out.onnx"), "--target", "macs=70%", "--repair", "none", "--no-verify");

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.ExitCode == 0 ? "" : outcome.Error));
        Assert.Equal([IrVersionTag, 0], File.ReadAllBytes(At("out.onnx"))[..2]);
    }

    private void Refused(Action<ModelProto> spoil)
    {
        // given
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Cli.Resnet));
        spoil(model);
        File.WriteAllBytes(At("in.onnx"), model.ToByteArray());

        // when
        var outcome = Cli.Run(At("in.onnx"), At("out.onnx"), "--target", "macs=70%", "--repair", "none", "--no-verify");

        // then
        Assert.True(outcome.ExitCode == 4, outcome.Error);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'), line => line.StartsWith("onnxprune: ", StringComparison.Ordinal));
        Assert.False(File.Exists(At("out.onnx")));
    }
}
