using System.IO.Compression;
using System.Text.RegularExpressions;

namespace ModelMaker.Tests;

public partial class ModelsFolderTests
{
    /// <summary>File and command, from the table in models/README.md.</summary>
    public static IEnumerable<object[]> Recipes =>
        Row().Matches(File.ReadAllText(Path.Combine(Models, "README.md")))
            .Select(m => new object[] { m.Groups[1].Value, m.Groups[2].Value });

    /// <summary>Made by tools/train-example and tools/train-bpcp: training is not the same to the last bit on every processor.</summary>
    private static readonly string[] s_trained =
        ["resnet20_shapes.onnx", "bottleneck56_cifar10.onnx", "bottleneck56_cifar10_bpcp.onnx"];

    private static string Models => Path.Combine(Root(AppContext.BaseDirectory), "models");

    [Theory]
    [MemberData(nameof(Recipes))]
    public void A_models_command_makes_its_bytes(string file, string command)
    {
        var folder = Directory.CreateTempSubdirectory("models");
        try
        {
            string[] arguments = [.. command.Split(' ').Select(a => a == file ? Path.Combine(folder.FullName, file) : a)];

            Assert.Equal(0, CommandLine.Run(arguments));

            var same = Content(Path.Combine(folder.FullName, file)).SequenceEqual(Content(Path.Combine(Models, file)));
            Assert.True(same, $"models/{file} is not what '{command}' makes; tools/make-models remakes it.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Every_file_has_its_command()
    {
        var files = Directory.GetFiles(Models).Select(Path.GetFileName).Except(["README.md", .. s_trained]).Order();

        Assert.Equal(files, Recipes.Select(r => (string)r[0]).Order());
    }

    /// <summary>The bytes of a file; of an archive those of its arrays, since compression may differ between versions of .NET.</summary>
    private static byte[] Content(string path)
    {
        if (Path.GetExtension(path) != ".npz")
        {
            return File.ReadAllBytes(path);
        }

        using var zip = ZipFile.OpenRead(path);
        using var all = new MemoryStream();
        foreach (var entry in zip.Entries)
        {
            using var array = entry.Open();
            array.CopyTo(all);
        }

        return all.ToArray();
    }

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "OnnxPrune.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);

    [GeneratedRegex(@"^\| `([^`]+\.(?:onnx|npz))` \| `((?:make|draw) [^`]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();
}
