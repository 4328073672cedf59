using System.Text.Json;
using OnnxPrune.Testing;

namespace OnnxPrune.Cli.Tests;

/// <summary>The size of the file as a target: what is promised is what lies on the disk in the end.</summary>
public sealed class SizeTargetTests : TemporaryFolder
{
    private static long Original => new FileInfo(Cli.Resnet).Length;

    [Theory]
    [InlineData("size=500KB", 500_000, "channels")]
    [InlineData("size=300KiB", 307_200, "channels")]
    [InlineData("size=50%", 0.5, "channels")]
    [InlineData("size=500KB", 500_000, "blocks,channels")]
    public void The_file_keeps_the_target_and_gives_little_away(string target, double limit, string granularity)
    {
        // when
        var outcome =
            Cli.Run(Cli.Resnet, At("out.onnx"), "--target", target, "--granularity", granularity, "--no-verify", "--report", At("r.json"));

        // then: stages of sixteen channels are wide steps
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains($"by the target {target}: ", outcome.Output);
        var most = limit <= 1 ? limit * Original : limit;
        Assert.InRange(new FileInfo(At("out.onnx")).Length, 0.9 * most, most);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        Assert.Equal(target, report.RootElement.GetProperty("options").GetProperty("targets")[0].GetString());
        Assert.Equal(new FileInfo(At("out.onnx")).Length, report.RootElement.GetProperty("pruned").GetProperty("file_bytes").GetInt64());
    }

    [Fact]
    public void External_data_count()
    {
        // given
        SplitModel.Write(File.ReadAllBytes(Cli.Resnet), At("in.onnx"), "weights.bin");
        var whole = Directory.GetFiles(Folder).Sum(f => new FileInfo(f).Length);

        // when
        var outcome = Cli.Run(At("in.onnx"), Sub("out.onnx"), "--target", "size=60%", "--no-verify");

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        var files = Directory.GetFiles(Sub(""));
        Assert.Equal(2, files.Length);
        Assert.InRange(files.Sum(f => new FileInfo(f).Length), 0.5 * whole, 0.6 * whole);
    }

    [Fact]
    public void Other_targets_hold_beside_it()
    {
        var outcome =
            Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "size=70%", "--target", "macs=40%", "--no-verify", "--report", At("r.json"));

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        Assert.InRange(Macs("pruned"), 1, 0.4 * Macs("original"));
        Assert.InRange(new FileInfo(At("out.onnx")).Length, 1, 0.7 * Original);

        double Macs(string model) => report.RootElement.GetProperty(model).GetProperty("macs").GetInt64();
    }

    [Fact]
    public void What_the_file_has_anyway_changes_nothing()
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "size=5MB", "--no-verify");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains(
            "the model keeps the target as it is",
            string.Join(' ', outcome.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(File.ReadAllBytes(Cli.Resnet), File.ReadAllBytes(At("out.onnx")));
    }

    [Fact]
    public void Out_of_reach_says_the_size_that_can_be_had_and_it_can_be_had()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "size=10KB", "--round", "8", "--report", At("r.json"));

        // then
        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("Target size=10KB is out of reach: the file can go from", outcome.Error);
        Assert.Contains("With --round 1, the file can go down to about", outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var reach = report.RootElement.GetProperty("reachable")[0];
        Assert.Equal("bytes", reach.GetProperty("unit").GetString());
        var best = reach.GetProperty("best").GetInt64();
        Assert.Equal(0, Cli.Run(Cli.Resnet, At("out.onnx"), "--target", $"size={best}B", "--round", "8", "--no-verify").ExitCode);
        Assert.Equal(best, new FileInfo(At("out.onnx")).Length);
        Assert.Equal(3, Cli.Run(Cli.Resnet, At("out.onnx"), "--target", $"size={best - 1}B", "--round", "8", "--no-verify").ExitCode);
    }

    [Fact]
    public void Training_points_to_pruning() =>
        Assert.Contains(
            "give --target size=50% when pruning",
            Cli.Run("train", Cli.Resnet, At("out.onnx"), "--data", "x", "--target", "size=50%").Error);

    private string Sub(string name) => Path.Combine(Directory.CreateDirectory(At("sub")).FullName, name);
}
