using System.Security.Cryptography;
using System.Text.Json;
using OnnxPrune.Graphs;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Tests;

/// <summary>The first steps of somebody who has just installed the program.</summary>
public sealed class FirstHourTests : TemporaryFolder
{
    [Fact]
    public void A_run_that_cuts_nothing_says_what_would_help_as_a_command_and_what_was_written()
    {
        // when: no cut drifts by so little
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--max-drift", "1e-9");

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Nothing was cut", outcome.Output);
        Assert.DoesNotContain("Channels that must stay", outcome.Output);
        var command = outcome.Output[outcome.Output.IndexOf(
            "  onnxprune ", StringComparison.Ordinal)..outcome.Output.IndexOf("Written:", StringComparison.Ordinal)];
        Assert.Equal(
            ["onnxprune", Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--calib", "IMAGES"],
            command.Replace("\\\n", " ").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.EndsWith($"Written: the model '{At("out.onnx")}'.\n", Joined(outcome.Output));
        Assert.Contains("tried: macs=", outcome.Error);
    }

    [Fact]
    public void Prune_is_the_name_of_the_command_and_the_last_line_says_what_was_written()
    {
        var outcome = Cli.Run(
            "prune",
            Cli.Resnet,
            At("out.onnx"),
            "--target",
            "macs=50%",
            "--no-verify",
            "--report",
            At("r.json"),
            "--plan-out",
            At("p.json"));

        Assert.Equal(0, outcome.ExitCode);
        Assert.EndsWith(
            $"Written: the model '{At("out.onnx")}', the plan '{At("p.json")}', the report '{At("r.json")}'.\n", Joined(outcome.Output));
    }

    [Fact]
    public void Paths_that_begin_with_a_dash_follow_two_dashes()
    {
        // given
        File.Copy(Cli.Resnet, At("-in.onnx"));

        // when
        var outcome = Cli.Bash($"cd '{Folder}' && \"$0\" --target macs=50% --no-verify -q -- -in.onnx -out.onnx");

        // then
        Assert.Equal(new Outcome(0, "", ""), outcome);
        Assert.True(File.Exists(At("-out.onnx")));
    }

    [Theory]
    [InlineData("--exclude", "nosuch", true)]
    [InlineData("--only", "nosuch|conv1", false)]
    [InlineData("--exclude", "layer1", false)]
    public void A_pattern_that_matches_nothing_is_pointed_out(string option, string pattern, bool isNoted)
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=90%", "--no-verify", option, pattern);

        Assert.Equal(isNoted, outcome.Error.Contains($"note: {option} '{pattern}' matches no node", StringComparison.Ordinal));
    }

    [Fact]
    public void Report_to_stdout_is_JSON_and_nothing_else()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--report", "-");

        // then
        using var report = JsonDocument.Parse(outcome.Output);
        var root = report.RootElement;
        Assert.Contains("Cut by the target macs=50%", outcome.Error);
        Assert.Equal(Hash(Cli.Resnet), root.GetProperty("original").GetProperty("sha256").GetString());
        Assert.Equal(Hash(At("out.onnx")), root.GetProperty("pruned").GetProperty("sha256").GetString());
        Assert.Equal(["onnxprune", Cli.Resnet], root.GetProperty("command_line").EnumerateArray().Take(2).Select(e => e.GetString()));
        Assert.InRange(
            DateTimeOffset.Parse(root.GetProperty("date").GetString()!, System.Globalization.CultureInfo.InvariantCulture),
            DateTimeOffset.UtcNow.AddMinutes(-10),
            DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.True(root.GetProperty("seconds").GetProperty("measuring the latency").GetDouble() > 0);
        Assert.StartsWith(".NET 10", root.GetProperty("versions").GetProperty("dotnet").GetString());
        var latency = root.GetProperty("verification").GetProperty("latency");
        Assert.InRange(
            latency.GetProperty("speedup").GetDouble(),
            latency.GetProperty("speedup_low").GetDouble(),
            latency.GetProperty("speedup_high").GetDouble());
        Assert.True(latency.GetProperty("pruned_p99_ms").GetDouble() >= latency.GetProperty("pruned_p90_ms").GetDouble());
    }

    [Theory]
    [InlineData(3, "macs=1%", null)]
    [InlineData(1, "macs=50%", "0.001")]
    public void A_refused_run_writes_its_report(int code, string target, string? maxDrift)
    {
        // when
        string[] limits = maxDrift is null ? [] : ["--max-drift", maxDrift];
        var outcome = Cli.Run([Cli.Resnet, At("out.onnx"), "--target", target, "--report", At("r.json"), .. limits]);

        // then
        Assert.Equal(code, outcome.ExitCode);
        Assert.False(File.Exists(At("out.onnx")));
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var root = report.RootElement;
        Assert.Equal(("refused", code), (root.GetProperty("status").GetString(), root.GetProperty("exit_code").GetInt32()));
        Assert.Contains(root.GetProperty("message").GetString()!, outcome.Error);
        if (code == 3)
        {
            var reach = root.GetProperty("reachable")[0];
            Assert.Equal(
                ("macs=1%", 405_510, 40_551_040),
                (reach.GetProperty("target").GetString(), reach.GetProperty("asked").GetInt64(), reach.GetProperty("original").GetInt64()));
            Assert.InRange(reach.GetProperty("best").GetInt64(), 405_511, 40_551_040);
        }
        else
        {
            Assert.True(root.GetProperty("verification").GetProperty("drift").GetDouble() > 0.001);
        }
    }

    [Fact]
    public void A_refused_Markdown_report_has_the_reason()
    {
        Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=1%", "--report", At("r.md"));

        var report = File.ReadAllText(At("r.md"));
        Assert.StartsWith("# out.onnx: not written", report);
        Assert.Contains("is out of reach", report);
    }

    [Fact]
    public void Rounding_and_granularity_are_named_where_they_stop_a_target()
    {
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=1%");

        Assert.Matches(@"With --round 1, macs can go down to \d+ \(0\.\d %\)\.", outcome.Error);
        Assert.Matches(@"With --granularity blocks,channels, macs can go down to \d+", outcome.Error);
    }

    [SharedCasesTheory]
    [InlineData("groups_differ.onnx")]
    public void Groups_that_differ_can_be_cut_with_other_rounding(string model)
    {
        // when
        model = Path.Combine(SharedCasesTheoryAttribute.Folder, model);
        var (automatic, single) = (
            Cli.Run(model, At("out.onnx"), "--target", "params=70%"),
            Cli.Run(model, At("out.onnx"), "--target", "params=70%", "--round", "1", "--no-verify"));

        // then
        Assert.Equal((3, 0), (automatic.ExitCode, single.ExitCode));
        Assert.Contains("With --round 1, params can go down to", automatic.Error);
    }

    [SharedCasesTheory]
    [InlineData("cbam.onnx")]
    public void Reasons_count_the_channels_of_all_layers(string model)
    {
        var outcome = Cli.Run("inspect", Path.Combine(SharedCasesTheoryAttribute.Folder, model));

        Assert.Contains("144 channels of n20_Conv, n23_Conv, n28_Conv", outcome.Output);
        Assert.Contains("64 channels of n0_Conv, n6_Conv", outcome.Output);
    }

    [Theory]
    [InlineData("[suggest]", "onnxprune ins", "inspect")]
    [InlineData("[suggest]", "onnxprune in.onnx out.onnx --targ", "--target")]
    [InlineData("[suggest]", "onnxprune in.onnx out.onnx --criterion geo", "geometric-median")]
    [InlineData("[suggest]", "onnxprune verify a.onnx b.onnx --provider c", "cpu cuda")]
    [InlineData("[suggest:13]", "onnxprune ver nothing", "verify")]
    [InlineData("[suggest]", "onnxprune in.onnx ", "")]
    public void Words_are_completed(string directive, string line, string words) =>
        Assert.Equal(words, string.Join(' ', Cli.Run(directive, line).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));

    [Fact]
    public void Bash_completes_by_the_script_that_is_printed()
    {
        // given: what bash sets where a word is completed
        var folder = Directory.CreateDirectory(At("bin"));
        var program = Path.Combine(folder.FullName, "onnxprune");
        File.CreateSymbolicLink(program, Cli.Executable);

        // when
        var outcome = Cli.Bash($"""
            eval "$("$0" completion bash)"
            COMP_WORDS=({program} in.onnx --repair th) COMP_CWORD=3 COMP_LINE='onnxprune in.onnx --repair th' COMP_POINT=29
            _onnxprune
            printf '%s\n' "${"{COMPREPLY[@]}"}"
            complete -p onnxprune
            """);

        // then
        Assert.Equal("", outcome.Error);
        Assert.StartsWith("thorough\n", outcome.Output);
    }

    [Fact]
    public void Verify_is_a_gate_of_speed()
    {
        var outcome = Cli.Run("verify", Cli.Resnet, Cli.Resnet, "--min-speedup", "3", "--report", At("v.json"));

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("is less than --min-speedup 3", outcome.Error);
        using var report = JsonDocument.Parse(File.ReadAllText(At("v.json")));
        Assert.Equal("refused", report.RootElement.GetProperty("status").GetString());
        Assert.Equal(40_551_040, report.RootElement.GetProperty("original").GetProperty("macs").GetInt64());
        Assert.Equal(3, report.RootElement.GetProperty("limits").GetProperty("min_speedup").GetDouble());
    }

    [Fact]
    public void Verify_of_unrelated_models_ends_with_1()
    {
        // given: the same structure with the last layer's weights the other way round
        var model = OnnxFile.Read(Cli.Resnet);
        var weight = model.Graph.Nodes.Last(n => n.OpType == "Gemm").Inputs[1]!;
        Graph.SetInitializer(
            weight, Tensor.Of(weight.Initializer!.As<float>().ToArray().Select(w => -w).ToArray(), [.. weight.Initializer.Dims]));
        File.WriteAllBytes(At("other.onnx"), OnnxFile.ToBytes(model));

        // when
        var outcome = Cli.Run("verify", Cli.Resnet, At("other.onnx"));

        // then
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("The models are unrelated on 4 synthetic inputs, seed 0: with a drift of", outcome.Error);
    }

    private static string Hash(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));

    /// <summary>Wrapped lines as they were before.</summary>
    private static string Joined(string output) => output.Replace("\n  ", " ");
}
