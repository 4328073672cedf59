namespace OnnxPrune.Cli.Tests;

/// <summary>Which native libraries a run loads, from what the system's loader says of itself.</summary>
public sealed class NativeLibraryTests : TemporaryFolder
{
    [Theory]
    [InlineData("prune")]
    [InlineData("inspect")]
    [InlineData("verify")]
    [InlineData("--version")]
    public void Without_calibration_and_training_libtorch_is_not_loaded(string command)
    {
        var loaded = LibrariesOf(command switch
        {
            "prune" => [Cli.Resnet, At("out.onnx"), "--target", "macs=50%"],
            "inspect" => ["inspect", Cli.Resnet],
            "verify" => ["verify", Cli.Resnet, Cli.Resnet],
            _ => ["--version", "-v"],
        });

        Assert.Contains("libonnxruntime.so", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libtorch", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("LibTorchSharp", loaded, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_loads_it()
    {
        // It loads before the data are asked for, which there are none of.
        var loaded = LibrariesOf(["finetune", Cli.Resnet, At("out.onnx"), "--data", At("none.npz")], exitCode: 2);

        Assert.Contains("libtorch_cpu.so", loaded, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_kept_for_upload_about_the_models_that_are_opened()
    {
        // ONNX Runtime is silent by itself where a variable says that it runs in CI or in a test.
        var outcome = Cli.Finish(Cli.Start(
            [Cli.Resnet, At("out.onnx"), "--target", "macs=80%"],
            new Dictionary<string, string?>
            {
                ["HOME"] = Folder,
                ["XDG_CACHE_HOME"] = At("cache"),
                ["CI"] = null,
                ["GITHUB_ACTIONS"] = null,
                ["ORT_RUNNING_UNIT_TESTS"] = null,
            }));

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        Assert.DoesNotContain(
            Directory.GetFiles(Folder, "*", everywhere), f => f.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));
    }

    private string LibrariesOf(string[] arguments, int exitCode = 0)
    {
        var outcome = Cli.Finish(
            Cli.Start(arguments, new Dictionary<string, string?> { ["LD_DEBUG"] = "files", ["LD_DEBUG_OUTPUT"] = At("loader") }));
        Assert.True(outcome.ExitCode == exitCode, outcome.Error);
        return string.Concat(Directory.GetFiles(Folder, "loader.*").Select(File.ReadAllText));
    }
}
