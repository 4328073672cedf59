using System.Diagnostics;
using System.Text.Json;

namespace OnnxPrune.Cli.Tests;

/// <summary>A program of the user's that scores models: here, the bytes of a file are its score.</summary>
public sealed class MetricCommandTests : TemporaryFolder
{
    private const string Bytes = "sh -c 'echo about to score; wc -c <\"$0\"' {model}";

    [Fact]
    public void The_score_of_both_models_is_reported()
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=75%", "--metric-cmd", Bytes, "--report", At("r.json"));

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        var score = JsonDocument.Parse(File.ReadAllText(At("r.json"))).RootElement.GetProperty("verification").GetProperty("score");
        var (before, after) = (new FileInfo(Cli.Resnet).Length, new FileInfo(At("out.onnx")).Length);
        Assert.Equal(
            (before, after, before - after),
            (score.GetProperty("original").GetDouble(), score.GetProperty("pruned").GetDouble(), score.GetProperty("drop").GetDouble()));
        Assert.Matches($@"Score +{before} +{after} +-{before - after}", outcome.Output);
    }

    [Fact]
    public void The_path_comes_last_where_no_word_has_a_place_for_it()
    {
        var outcome = Cli.Run("verify", Cli.Resnet, Cli.Resnet, "--metric-cmd", "stat -c %s", "--max-drop", "0.5");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
    }

    [Theory]
    [InlineData("1000", 1)]
    [InlineData("1000000", 0)]
    public void A_limit_is_one_of_the_score(string points, int exitCode)
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=75%", "--metric-cmd", Bytes, "--max-drop", points);

        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Equal(exitCode == 0, File.Exists(At("out.onnx")));
        Assert.Equal(exitCode == 1, outcome.Error.Contains($"exceeds --max-drop {points}; nothing was written."));
    }

    [Fact]
    public void A_search_keeps_as_much_as_the_score_wants()
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--metric-cmd", Bytes, "--max-drop", "200000");

        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("of the score lost", outcome.Error);
        Assert.InRange(new FileInfo(Cli.Resnet).Length - new FileInfo(At("out.onnx")).Length, 1, 200000);
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), "onnxprune-metric-*"));
    }

    [Theory]
    [InlineData("false", "failed for the original with exit code 1.")]
    [InlineData("sh -c 'echo no such data >&2; exit 7'", "failed for the original with exit code 7: no such data.")]
    [InlineData("echo mAP:", "printed 'mAP: ")]
    [InlineData("sh -c 'echo nan'", "printed 'nan' last for the original, where a number is expected")]
    [InlineData("true", "printed '' last for the original")]
    [InlineData("no-such-program-here", "cannot be started")]
    [InlineData("sh -c 'sleep 60' --metric-timeout", "was not done with the original in 0.5 s and was ended")]
    [InlineData("sh -c 'echo 1", "a quotation mark is left open")]
    [InlineData(" ", "--metric-cmd is empty")]
    public void A_program_that_cannot_judge_the_original_is_wrong_usage(string command, string reason)
    {
        var clock = Stopwatch.StartNew();

        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=75%", "--metric-cmd", command, "--metric-timeout", "0.5");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(reason, outcome.Error);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.False(File.Exists(At("out.onnx")));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(50), $"{clock.Elapsed}");
    }

    [Theory]
    [InlineData("exit 3", "failed for the pruned model with exit code 3")]
    [InlineData("echo 0,7", "printed '0,7' last for the pruned model")]
    [InlineData("sleep 60", "was not done with the pruned model in 5 s")]
    public void A_program_that_fails_for_the_pruned_model_fails_the_verification(string line, string reason)
    {
        var outcome = Cli.Run(
            Cli.Resnet,
            At("out.onnx"),
            "--target",
            "macs=75%",
            "--metric-cmd",
            $"sh -c 'case $0 in *pruned*) {line};; *) echo 1;; esac'",
            "--metric-timeout",
            "5");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(reason, outcome.Error);
        Assert.False(File.Exists(At("out.onnx")));
    }

    [Fact]
    public void A_limit_beyond_the_whole_score_is_a_mistaken_unit()
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=75%", "--metric-cmd", "sh -c 'echo 0.76'", "--max-drop", "1");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("--max-drop 1 is more than the whole score of the original, 0.76", outcome.Error);
    }

    [Fact]
    public void It_ends_with_the_run()
    {
        using var run =
            Cli.Start([Cli.Resnet, At("out.onnx"), "--target", "macs=75%", "--metric-cmd", $"sh -c 'echo $$ >{At("pid")}; sleep 100'"]);
        SpinWait.SpinUntil(() => File.Exists(At("pid")) && new FileInfo(At("pid")).Length > 0, TimeSpan.FromSeconds(60));

        Cli.Bash($"kill -TERM {run.Id}");
        var outcome = Cli.Finish(run);

        Assert.Equal(143, outcome.ExitCode);
        var child = int.Parse(File.ReadAllText(At("pid")), System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(SpinWait.SpinUntil(() => IsGone(child), TimeSpan.FromSeconds(10)), "the program outlives the run");
    }

    /// <summary>True if a process has ended, be it that nobody has asked yet how.</summary>
    private static bool IsGone(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Split(") ")[1][0] == 'Z';
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
    }
}
