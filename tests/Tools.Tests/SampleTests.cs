using OnnxPrune.Testing;

namespace Tools.Tests;

/// <summary>The programs under samples, run as their readers would, and shown in docs/library.md as they are.</summary>
public sealed class SampleTests
{
    private static string Resnet => Path.Combine(Repository.Root, "models", "resnet20_cifar_A.onnx");

    [Theory]
    [InlineData("PruneAndGate")]
    [InlineData("InspectCoupling")]
    public void The_documentation_shows_the_sample_as_it_is(string sample)
    {
        var program = File.ReadAllText(Path.Combine(Repository.Root, "samples", sample, "Program.cs"));
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "library.md"));

        Assert.Contains($"```csharp\n{program}```\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void InspectCoupling_lists_groups_with_their_producers_and_consumers()
    {
        var run = Command.Run("dotnet", [Program("InspectCoupling"), Resnet]);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Matches(@"^[\d,]+ MACs, [\d,]+ parameters\n(\d+ channels of .+, read by .+\n)+(\d+ channels stay: .+\n)*$", run.Output);
    }

    [Fact]
    public void PruneAndGate_writes_the_file_that_the_command_line_writes()
    {
        // given the same request to both
        using var folder = new TemporaryFolder();
        var images = TestImages.Cifar(folder, 64);
        var ofSample = folder.File("sample.onnx");
        var ofProgram = folder.File("program.onnx");

        // when
        var sample = Command.Run("dotnet", [Program("PruneAndGate"), Resnet, ofSample, "macs=75%", images, images, "cifar10", "100"]);
        var program = Command.Run(
            TestedProgram.Path,
            [Resnet, ofProgram, "--target", "macs=75%", "--calib", images, "--data", images, "--normalize", "cifar10"],
            new Dictionary<string, string> { ["DOTNET_ROOT"] = TestedProgram.DotnetRoot });

        // then
        Assert.True(sample.ExitCode == 0, sample.Output + sample.Error);
        Assert.Matches(@"^\d+\.\d % of the MACs, accuracy ", sample.Output);
        Assert.True(program.ExitCode == 0, program.Error);
        Assert.Equal(File.ReadAllBytes(ofProgram), File.ReadAllBytes(ofSample));
    }

    /// <summary>The sample as this test's own configuration builds it.</summary>
    private static string Program(string sample)
    {
        var configuration = AppContext.BaseDirectory.Contains(
            $"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            ? "Release"
            : "Debug";
        return Path.Combine(Repository.Root, "samples", sample, "bin", configuration, "net10.0", $"{sample}.dll");
    }
}
