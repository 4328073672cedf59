using System.Collections.Concurrent;
using System.Text.Json;

namespace OnnxPrune.Build.Tests;

/// <summary>What a project refers to on one stack, as MSBuild evaluates it (nothing is restored or built).</summary>
internal sealed record References(IReadOnlySet<string> Packages, IReadOnlySet<string> Projects, IReadOnlySet<string> Versions, string Constants)
{
    private static readonly ConcurrentDictionary<(string Project, string Stack), References> _evaluated = new();

    /// <summary>Projects are paths from the root, with forward slashes, as in <see cref="Repository.Projects"/>.</summary>
    public static References Of(string project, string stack) => _evaluated.GetOrAdd((project, stack), Evaluate);

    private static References Evaluate((string Project, string Stack) key)
    {
        var path = Path.Combine(Repository.Root, key.Project);
        var command = Command.Run("dotnet", ["msbuild", path, $"-p:OnnxPruneStack={key.Stack}",
            "-getItem:PackageReference,ProjectReference,PackageVersion", "-getProperty:DefineConstants", "-getProperty:TargetFramework"]);
        Assert.True(command.ExitCode == 0, command.Output + command.Error);

        using var json = JsonDocument.Parse(command.Output);
        var items = json.RootElement.GetProperty("Items");
        return new References(
            Names(items, "PackageReference", "Identity"),
            Names(items, "ProjectReference", "FullPath").Select(full => Path.GetRelativePath(Repository.Root, full).Replace('\\', '/')).ToHashSet(),
            Names(items, "PackageVersion", "Identity"),
            json.RootElement.GetProperty("Properties").GetProperty("DefineConstants").GetString()!);
    }

    private static HashSet<string> Names(JsonElement items, string kind, string metadata) =>
        items.GetProperty(kind).EnumerateArray().Select(item => item.GetProperty(metadata).GetString()!).ToHashSet();
}
