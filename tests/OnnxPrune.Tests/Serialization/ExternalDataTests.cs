using Google.Protobuf;
using Onnx;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

public sealed class ExternalDataTests
{
    [Fact]
    public void External_weights_are_pruned_and_written_beside_the_new_model()
    {
        using var folder = new TemporaryFolder();
        var source = Split(folder, "in.onnx");
        var model = OnnxFile.Read(source);
        var shaped = ModelCopy.WithShapes(model);
        var plan = RandomPlan.Of(shaped, new Random(3), 0.5);
        new Pruner(shaped).Apply(plan);

        using (var pending = OnnxFile.Stage(shaped, folder.File("out.onnx")))
        {
            pending.Commit();
        }

        var written = OnnxFile.Read(folder.File("out.onnx"));
        Assert.Contains(written.Graph.Initializers, i => Message(folder.File("out.onnx"), i.Name).DataLocation == TensorProto.Types.DataLocation.External);
        Assert.All(shaped.Graph.Initializers, i => Assert.Equal(i.Initializer!.Data.ToArray(), written.Graph.Find(i.Name)!.Initializer!.Data.ToArray()));
        Oracle.Holds(model);
    }

    [Fact]
    public void Unpruned_external_weights_have_the_same_content()
    {
        using var folder = new TemporaryFolder();
        var inside = OnnxFile.FromBytes(Whole().ToBytes());

        var outside = OnnxFile.Read(Split(folder, "in.onnx"));

        Assert.All(inside.Graph.Initializers, i => Assert.Equal(i.Initializer!.Data.ToArray(), outside.Graph.Find(i.Name)!.Initializer!.Data.ToArray()));
    }

    [Theory]
    [InlineData("/etc/hostname", "is refused")]
    [InlineData("../outside.bin", "is refused")]
    [InlineData("", "is refused")]
    [InlineData("inside/../../outside.bin", "is refused")]
    [InlineData("missing.bin", "does not exist")]
    [InlineData("in.onnx.bin\0", "cannot be reached")]
    [InlineData("./in.onnx.bin/", "does not exist")]
    public void Location_outside_of_the_models_folder_is_refused(string location, string words)
    {
        using var folder = new TemporaryFolder();
        var path = Split(folder, "in.onnx", entry => entry.Key == "location" ? location : entry.Value);

        var failure = Assert.Throws<BrokenModelException>(() => OnnxFile.Read(path));

        Assert.Contains(words, failure.Message);
    }

    [Theory]
    [InlineData("offset", "1000000000")]
    [InlineData("offset", "-4")]
    [InlineData("offset", "many")]
    [InlineData("offset", "99999999999999999999")]
    [InlineData("length", "7")]
    [InlineData("offset", "9223372036854775807")]
    public void Range_outside_of_the_file_is_refused(string key, string value)
    {
        using var folder = new TemporaryFolder();
        var path = Split(folder, "in.onnx", entry => entry.Key == key ? value : entry.Value);

        Assert.Throws<BrokenModelException>(() => OnnxFile.Read(path));
    }

    [Fact]
    public void Link_that_leaves_the_folder_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        var path = Split(folder, "in.onnx");
        File.Move(folder.File("in.onnx.bin"), elsewhere.File("stolen.bin"));
        File.CreateSymbolicLink(folder.File("in.onnx.bin"), elsewhere.File("stolen.bin"));

        Assert.Contains("is a link that leaves", Assert.Throws<BrokenModelException>(() => OnnxFile.Read(path)).Message);
    }

    [Fact]
    public void Elements_of_half_a_byte_in_another_file_are_unsupported()
    {
        using var folder = new TemporaryFolder();
        var path = Split(folder, "in.onnx");
        var message = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        const int Int4 = 22;
        message.Graph.Initializer.First(i => i.DataLocation == TensorProto.Types.DataLocation.External).DataType = Int4;
        File.WriteAllBytes(path, message.ToByteArray());

        Assert.Contains("only elements of whole bytes", Assert.Throws<UnsupportedModelException>(() => OnnxFile.Read(path)).Message);
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        using var folder = new TemporaryFolder();
        var path = Split(folder, "in.onnx");
        File.Delete(folder.File("in.onnx.bin"));
        File.CreateSymbolicLink(folder.File("in.onnx.bin"), folder.File("other.bin"));
        File.CreateSymbolicLink(folder.File("other.bin"), folder.File("in.onnx.bin"));

        Assert.Throws<BrokenModelException>(() => OnnxFile.Read(path));
    }

    [Fact]
    public void Folder_that_is_a_link_and_leaves_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var elsewhere = new TemporaryFolder();
        var path = Split(folder, "in.onnx", entry => entry.Key == "location" ? "sub/in.onnx.bin" : entry.Value);
        File.Move(folder.File("in.onnx.bin"), elsewhere.File("in.onnx.bin"));
        Directory.CreateSymbolicLink(folder.File("sub"), elsewhere.Root);

        Assert.Contains("leaves the model's folder", Assert.Throws<BrokenModelException>(() => OnnxFile.Read(path)).Message);
    }

    private static TestGraph Whole()
    {
        var g = new TestGraph();
        g.Close(g.ConvBnRelu(g.ConvBnRelu(g.Input(3, 4, 4), 32), 32));
        return g;
    }

    /// <summary>Writes the model with its larger weights in a file of their own.</summary>
    private static string Split(TemporaryFolder folder, string name, Func<StringStringEntryProto, string>? change = null)
    {
        var message = ModelProto.Parser.ParseFrom(Whole().ToBytes());
        using var data = new MemoryStream();
        foreach (var tensor in message.Graph.Initializer.Where(i => i.RawData.Length > 256))
        {
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = name + ".bin" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = data.Position.ToString() });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = tensor.RawData.Length.ToString() });
            data.Write(tensor.RawData.Span);
            tensor.RawData = ByteString.Empty;
            foreach (var entry in tensor.ExternalData)
            {
                entry.Value = change?.Invoke(entry) ?? entry.Value;
            }
        }

        File.WriteAllBytes(folder.File(name + ".bin"), data.ToArray());
        File.WriteAllBytes(folder.File(name), message.ToByteArray());
        return folder.File(name);
    }

    private static TensorProto Message(string path, string initializer) =>
        ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)).Graph.Initializer.Single(i => i.Name == initializer);
}
