using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
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
        var pruned = Pruner.Apply(shaped, plan);

        using (var pending = OnnxFile.Stage(pruned, folder.File("out.onnx")))
        {
            pending.Commit();
        }

        var written = OnnxFile.Read(folder.File("out.onnx"));
        Assert.Contains(written.Graph.Initializers, i =>
            Message(folder.File("out.onnx"), i.Name).DataLocation == TensorProto.Types.DataLocation.External);
        Assert.All(pruned.Graph.Initializers, i =>
            Assert.Equal(i.Initializer!.Data.ToArray(), written.Graph.Find(i.Name)!.Initializer!.Data.ToArray()));
        Oracle.Holds(model);
    }

    [Fact]
    public void Length_is_that_of_the_files_that_would_be_written()
    {
        using var folder = new TemporaryFolder();
        var (inside, outside) = (OnnxFile.FromBytes(Whole().ToBytes()), OnnxFile.Read(Split(folder, "in.onnx")));

        foreach (var model in new[] { inside, outside })
        {
            using var pending = OnnxFile.Stage(model, folder.File("out.onnx"));
            Assert.Equal(pending.Length, OnnxFile.Length(model, folder.File("out.onnx")));
        }

        Assert.Equal(
            Directory.GetFiles(folder.Root, "in.*").Sum(f => new FileInfo(f).Length), OnnxFile.Length(folder.File("in.onnx"), outside));
    }

    [Fact]
    public void Unpruned_external_weights_have_the_same_content()
    {
        using var folder = new TemporaryFolder();
        var inside = OnnxFile.FromBytes(Whole().ToBytes());

        var outside = OnnxFile.Read(Split(folder, "in.onnx"));

        Assert.All(inside.Graph.Initializers, i =>
            Assert.Equal(i.Initializer!.Data.ToArray(), outside.Graph.Find(i.Name)!.Initializer!.Data.ToArray()));
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

    [Theory]
    [InlineData("d")]
    [InlineData("a-name-that-is-longer-than-all-that-the-link-must-hold-and-than-some-of-the-weights-as-well-0123456789")]
    public void Links_inside_the_folder_are_followed(string name)
    {
        using var folder = new TemporaryFolder();
        var path = Split(folder, "in.onnx");
        File.Move(folder.File("in.onnx.bin"), folder.File(name));
        File.CreateSymbolicLink(folder.File("in.onnx.bin"), name);

        AssertSameWeights(OnnxFile.FromBytes(Whole().ToBytes()), OnnxFile.Read(path));
    }

    [Fact]
    public void Long_link_to_a_short_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = Split(folder, "in.onnx");
        File.Delete(folder.File("in.onnx.bin"));
        File.WriteAllBytes(folder.File("short"), new byte[16]);
        File.CreateSymbolicLink(folder.File("in.onnx.bin"), string.Concat(Enumerable.Repeat("./", 1000)) + "short");

        Assert.Contains("are not inside", Assert.Throws<BrokenModelException>(() => OnnxFile.Read(path)).Message);
    }

    [Fact]
    public void Cache_of_links_into_one_folder_is_read()
    {
        // As model hubs keep their files: snapshots/1/in.onnx -> ../../contents/a, and the data beside it -> ../../contents/b
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("contents"));
        Directory.CreateDirectory(folder.File("snapshots/1"));
        File.Move(Split(folder, "in.onnx"), folder.File("contents/a"));
        File.Move(folder.File("in.onnx.bin"), folder.File("contents/b"));
        File.CreateSymbolicLink(folder.File("snapshots/1/in.onnx"), "../../contents/a");
        File.CreateSymbolicLink(folder.File("snapshots/1/in.onnx.bin"), "../../contents/b");

        AssertSameWeights(OnnxFile.FromBytes(Whole().ToBytes()), OnnxFile.Read(folder.File("snapshots/1/in.onnx")));
    }

    [Fact]
    public void Pipe_as_data_is_refused_at_once()
    {
        using var folder = new TemporaryFolder();
        var path = Split(folder, "in.onnx");
        File.Delete(folder.File("in.onnx.bin"));
        Odd.Pipe(folder.File("in.onnx.bin"));

        Assert.Contains("is a pipe", Assert.Throws<BrokenModelException>(() => OnnxFile.Read(path)).Message);
    }

    [Fact]
    public void What_is_read_of_a_file_is_no_more_than_the_file()
    {
        using var folder = new TemporaryFolder();
        var place = 0;
        var path = Split(folder, "in.onnx", entry => entry.Key == "offset" ? $"{4 * place++}" : entry.Value);
        var largest = OnnxFile.FromBytes(Whole().ToBytes()).Graph.Initializers.Max(i => i.Initializer!.Data.Length);
        File.WriteAllBytes(folder.File("in.onnx.bin"), File.ReadAllBytes(folder.File("in.onnx.bin"))[..(largest + 64)]);

        Assert.Contains("overlaps", Assert.Throws<BrokenModelException>(() => OnnxFile.Read(path)).Message);
    }

    [Fact]
    public void Data_that_are_cut_short_or_gone_later_stay_as_they_were_read()
    {
        using var folder = new TemporaryFolder();
        var inside = OnnxFile.FromBytes(Whole().ToBytes());
        var model = OnnxFile.Read(Split(folder, "in.onnx"));
        var before = model.Clone();

        File.WriteAllBytes(folder.File("in.onnx.bin"), []);
        AssertSameWeights(inside, before);
        File.Delete(folder.File("in.onnx.bin"));
        AssertSameWeights(inside, model.Clone());
        using (var session = OnnxSession.Open(model, SessionSettings.Plain))
        {
            using var expected = OnnxSession.Open(inside, SessionSettings.Plain);
            var inputs = RandomInputs.For(inside, new Random(1));
            Assert.Equal(expected.Run(inputs).Values.Single().Data.ToArray(), session.Run(inputs).Values.Single().Data.ToArray());
        }

        OnnxFile.Stage(model, folder.File("out.onnx")).Commit();
        AssertSameWeights(inside, OnnxFile.Read(folder.File("out.onnx")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_that_fails_leaves_the_data_of_another_that_writes_the_same(bool failsFirst)
    {
        using var folder = new TemporaryFolder();
        var model = OnnxFile.Read(Split(folder, "in.onnx"));
        using var good = OnnxFile.Stage(model, folder.File("out.onnx"));
        using var bad = OnnxFile.Stage(model, folder.File("out.onnx"));

        if (failsFirst)
        {
            bad.Dispose();
        }

        good.Commit();
        bad.Dispose();

        AssertSameWeights(model, OnnxFile.Read(folder.File("out.onnx")));
        Assert.DoesNotContain(Directory.GetFiles(folder.Root), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_has_its_final_name_before_the_commit()
    {
        using var folder = new TemporaryFolder();
        var model = OnnxFile.Read(Split(folder, "in.onnx"));

        using (var staged = OnnxFile.Stage(model, folder.File("out.onnx")))
        {
            Assert.All(OnnxFile.ExternalWeights(staged), w =>
                Assert.Equal(model.Graph.Find(w.Key)!.Initializer!.Data.ToArray(), w.Value.Data.ToArray()));
            Assert.Equal(
                ["in.onnx", "in.onnx.bin"],
                Directory.GetFiles(folder.Root).Select(Path.GetFileName).Where(n => !n!.StartsWith('.')).Order());
        }

        Assert.Equal(2, Directory.GetFiles(folder.Root).Length);
    }

    [Fact]
    public void Name_of_the_data_says_their_content_and_layout()
    {
        using var folder = new TemporaryFolder();
        var model = OnnxFile.Read(Split(folder, "in.onnx"));
        OnnxFile.Stage(model, folder.File("out.onnx")).Commit();
        var once = File.ReadAllBytes(folder.File("out.onnx"));
        OnnxFile.Stage(model, folder.File("out.onnx")).Commit();

        Assert.Equal(once, File.ReadAllBytes(folder.File("out.onnx")));
        Assert.Single(Directory.GetFiles(folder.Root, "out.onnx.*.data"));

        OnnxFile.Stage(model, folder.File(new string('x', 255))).Commit();
        AssertSameWeights(model, OnnxFile.Read(folder.File(new string('x', 255))));
    }

    private static void AssertSameWeights(Model expected, Model actual) => Assert.All(
        expected.Graph.Initializers,
        i => Assert.Equal(i.Initializer!.Data.ToArray(), actual.Graph.Find(i.Name)!.Initializer!.Data.ToArray()));

    private static TestGraph Whole()
    {
        var g = new TestGraph();
        g.Close(g.ConvBnRelu(g.ConvBnRelu(g.Input(3, 4, 4), 32), 32));
        return g;
    }

    /// <summary>Writes the model with its larger weights in a file of their own.</summary>
    private static string Split(TemporaryFolder folder, string name, Func<StringStringEntryProto, string>? change = null) =>
        SplitModel.Write(Whole().ToBytes(), folder.File(name), name + ".bin", change);

    private static TensorProto Message(string path, string initializer) =>
        ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)).Graph.Initializer.Single(i => i.Name == initializer);
}
