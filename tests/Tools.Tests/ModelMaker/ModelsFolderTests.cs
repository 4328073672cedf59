using System.Text.RegularExpressions;

namespace ModelMaker.Tests;

public partial class ModelsFolderTests
{
    /// <summary>File and command, from the table in models/README.md.</summary>
    public static IEnumerable<object[]> Recipes =>
        Row().Matches(File.ReadAllText(Path.Combine(Models, "README.md"))).Select(m => new object[] { m.Groups[1].Value, m.Groups[2].Value });

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

            var same = File.ReadAllBytes(Path.Combine(folder.FullName, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(Models, file)));
            Assert.True(same, $"models/{file} is not what '{command}' makes; tools/make-models remakes it.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Every_model_has_its_command()
    {
        var files = Directory.GetFiles(Models, "*.onnx").Select(Path.GetFileName).Order();

        Assert.Equal(files, Recipes.Select(r => (string)r[0]).Order());
    }

    private static string Root(string folder) =>
        File.Exists(Path.Combine(folder, "OnnxPrune.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);

    [GeneratedRegex(@"^\| `([^`]+\.onnx)` \| `(make [^`]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();
}
