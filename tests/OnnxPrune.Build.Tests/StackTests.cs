namespace OnnxPrune.Build.Tests;

/// <summary>
/// The project is founded on certain packages. Where a feed lacks some, stand-ins take their place, and nothing else changes.
/// </summary>
public sealed class StackTests
{
    /// <summary>Project, package, and the stand-in that replaces the package on the stack `local` (null: none is needed).</summary>
    public static TheoryData<string, string, string?> Card { get; } = new()
    {
        { "src/OnnxPrune/OnnxPrune.csproj", "Google.Protobuf", null },
        { "src/OnnxPrune/OnnxPrune.csproj", "OnnxSharp", "src/StandIns/OnnxSharp/OnnxSharp.csproj" },
        { "src/OnnxPrune.Runtime/OnnxPrune.Runtime.csproj", "Microsoft.ML.OnnxRuntime.Gpu", "src/StandIns/OnnxRuntime/Microsoft.ML.OnnxRuntime.csproj" },
        { "src/OnnxPrune.Sandbox/OnnxPrune.Sandbox.csproj", "Microsoft.ML.OnnxRuntime.Gpu", "src/StandIns/OnnxRuntime/Microsoft.ML.OnnxRuntime.csproj" },
        { "src/OnnxPrune.Sandbox/OnnxPrune.Sandbox.csproj", "Microsoft.ML.OnnxRuntime.Extensions", "src/StandIns/OnnxRuntime/Microsoft.ML.OnnxRuntime.csproj" },
        { "src/OnnxPrune.Training/OnnxPrune.Training.csproj", "TorchSharp", "src/StandIns/TorchSharp/TorchSharp.csproj" },
        { "src/OnnxPrune.Training/OnnxPrune.Training.csproj", "TorchSharp-cpu", "src/StandIns/TorchSharp/TorchSharp.csproj" },
        { "src/OnnxPrune.Cli/OnnxPrune.Cli.csproj", "System.CommandLine", null },
        { "tests/OnnxPrune.Build.Tests/OnnxPrune.Build.Tests.csproj", "xunit", null },
        { "tests/OnnxPrune.Runtime.Tests/OnnxPrune.Runtime.Tests.csproj", "OnnxSharp", "src/StandIns/OnnxSharp/OnnxSharp.csproj" },
        { "tests/OnnxPrune.Training.Tests/OnnxPrune.Training.Tests.csproj", "OnnxSharp", "src/StandIns/OnnxSharp/OnnxSharp.csproj" },
        { "tests/OnnxPrune.Training.Tests/OnnxPrune.Training.Tests.csproj", "TorchSharp", "src/StandIns/TorchSharp/TorchSharp.csproj" },
        { "tests/OnnxPrune.Training.Tests/OnnxPrune.Training.Tests.csproj", "TorchSharp-cpu", "src/StandIns/TorchSharp/TorchSharp.csproj" },
        { "tests/ModelMaker.Tests/ModelMaker.Tests.csproj", "Microsoft.ML.OnnxRuntime.Gpu", "src/StandIns/OnnxRuntime/Microsoft.ML.OnnxRuntime.csproj" },
    };

    public static TheoryData<string> Projects { get; } = new(Repository.Projects);

    [Theory]
    [MemberData(nameof(Card))]
    public void The_nuget_stack_takes_the_package_itself(string project, string package, string? standIn)
    {
        var references = References.Of(project, "nuget");

        Assert.Contains(package, references.Packages);
        Assert.DoesNotContain(standIn ?? "", references.Projects);
    }

    [Theory]
    [MemberData(nameof(Card))]
    public void The_local_stack_takes_the_stand_in_where_there_is_one(string project, string package, string? standIn)
    {
        var references = References.Of(project, "local");

        Assert.Equal(standIn is null, references.Packages.Contains(package));
        if (standIn is not null)
        {
            Assert.Contains(standIn, references.Projects);
            Assert.True(File.Exists(Path.Combine(Repository.Root, standIn)));
        }
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void The_stacks_differ_in_those_references_alone(string project)
    {
        var nuget = References.Of(project, "nuget");
        var local = References.Of(project, "local");
        var replaced = Card.Select(row => (Project: (string)row[0], Package: (string)row[1], StandIn: (string?)row[2]))
            .Where(row => row.Project == project && row.StandIn is not null)
            .ToList();

        Assert.Equal(replaced.Select(row => row.Package).Order(), nuget.Packages.Except(local.Packages).Order());
        Assert.Equal(replaced.Select(row => row.StandIn).Distinct().Order(), local.Projects.Except(nuget.Projects).Order());
        Assert.Empty(local.Packages.Except(nuget.Packages));
        Assert.Empty(nuget.Projects.Except(local.Projects));
        Assert.DoesNotContain(nuget.Projects, path => path.StartsWith("src/StandIns/", StringComparison.Ordinal));
        Assert.Equal(nuget.Constants, local.Constants);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Every_package_of_the_nuget_stack_has_its_version_in_the_one_file(string project)
    {
        var references = References.Of(project, "nuget");

        Assert.Empty(references.Packages.Except(references.Versions));
    }

    [Fact]
    public void Every_test_project_uses_xunit()
    {
        var tests = Repository.Projects.Where(path => path.EndsWith(".Tests.csproj", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(tests);
        Assert.All(tests, project => Assert.Contains("xunit", References.Of(project, "nuget").Packages));
    }
}
