using System.Text.RegularExpressions;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests;

/// <summary>
/// Folders of an assembly import each other in one direction, as far as their <c>using</c> lines tell, so that each can be read without
/// those above it.
/// </summary>
public sealed partial class FolderTests
{
    /// <summary>
    /// An operator says how channels flow through it, and one walk over the graph asks all operators: two rooms with one wall between them.
    /// </summary>
    private static readonly string[] s_allowed = ["OnnxPrune: Channels, Operators"];

    [Fact]
    public void Folders_of_the_core_import_each_other_in_one_direction() => Assert.Equal(s_allowed, Circles("OnnxPrune"));

    [Theory]
    [InlineData("OnnxPrune.Runtime")]
    [InlineData("OnnxPrune.Torch")]
    [InlineData("OnnxPrune.Calibration")]
    [InlineData("OnnxPrune.Training")]
    [InlineData("OnnxPrune.Sandbox")]
    public void Folders_import_each_other_in_one_direction(string assembly) => Assert.Empty(Circles(assembly));

    /// <summary>All but the command line's, whose commands and steps still import each other.</summary>
    [Fact]
    public void Assemblies_are_all_looked_at()
    {
        var looked = typeof(FolderTests).GetMethod(nameof(Folders_import_each_other_in_one_direction))!.GetCustomAttributesData()
            .Where(a => a.AttributeType == typeof(InlineDataAttribute))
            .SelectMany(a => (IEnumerable<System.Reflection.CustomAttributeTypedArgument>)a.ConstructorArguments[0].Value!)
            .Select(a => (string)a.Value!);

        Assert.Equal(
            Directory.GetDirectories(Source).Select(Path.GetFileName).Order(StringComparer.Ordinal),
            looked.Append("OnnxPrune").Append("OnnxPrune.Cli").Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// The errors that every folder throws stand in no folder: they must not know any, or all would depend on each other.
    /// </summary>
    [Fact]
    public void Errors_import_nothing() => Assert.Empty(Imports(Path.Combine(Source, "OnnxPrune", "Errors.cs")));

    [Fact]
    public void Circle_is_found_with_all_its_members()
    {
        var imports = new Dictionary<string, string[]> { ["A"] = ["B"], ["B"] = ["C", "D"], ["C"] = ["A"], ["D"] = [], ["E"] = ["E"] };

        Assert.Equal(["x: A, B, C"], Circles("x", imports));
    }

    private static string Source => Path.Combine(SharedFiles.Root, "src");

    private static IEnumerable<string> Circles(string assembly)
    {
        var folders = Directory.GetDirectories(Path.Combine(Source, assembly))
            .Select(d => Path.GetFileName(d)!)
            .Where(f => f is not ("bin" or "obj"))
            .ToArray();
        return Circles(assembly, folders.ToDictionary(
            f => f, f => Directory.GetFiles(Path.Combine(Source, assembly, f), "*.cs", SearchOption.AllDirectories)
            .SelectMany(Imports)
            .SelectMany(name =>
                folders.Where(other => name == $"{assembly}.{other}" || name.StartsWith($"{assembly}.{other}.", StringComparison.Ordinal)))
            .Distinct()
            .ToArray()));
    }

    /// <summary>Sets of several folders, each of which reaches every other.</summary>
    private static IEnumerable<string> Circles(string assembly, IReadOnlyDictionary<string, string[]> imports)
    {
        var reached = imports.Keys.ToDictionary(f => f, f => Reached(f, imports));
        return imports.Keys.Select(f =>
            imports.Keys.Where(o => reached[f].Contains(o) && reached[o].Contains(f)).Order(StringComparer.Ordinal).ToArray())
            .Where(circle => circle.Length > 1)
            .Select(circle => $"{assembly}: {string.Join(", ", circle)}")
            .Distinct();
    }

    private static HashSet<string> Reached(string folder, IReadOnlyDictionary<string, string[]> imports)
    {
        var (reached, open) = (new HashSet<string>(), new Stack<string>(imports[folder]));
        while (open.TryPop(out var next))
        {
            if (reached.Add(next))
            {
                Array.ForEach(imports[next], open.Push);
            }
        }

        return reached;
    }

    private static IEnumerable<string> Imports(string path) => UsingLine().Matches(File.ReadAllText(path)).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"^using (?:static )?(?:\w+ = )?(OnnxPrune[\w.]*);", RegexOptions.Multiline)]
    private static partial Regex UsingLine();
}
