using System.Text.Json;
using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Tests;

public sealed class ResultTests : TemporaryFolder
{
    [Fact]
    public void The_summary_is_a_plain_table_within_80_columns()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%");

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("", Notes(outcome));
        AssertPlain(outcome.Output);
        var names = outcome.Output.Split('\n').Skip(1).TakeWhile(l => l.Length > 0).Select(l => l[..18].Trim());
        Assert.Equal(
            [
                "Nodes",
                "Blocks",
                "Channels",
                "Parameters",
                "MACs",
                "File size (bytes)",
                "Latency P50",
                "Latency P90",
                "Latency P99",
                "Speed, by rounds",
                "Drift"
            ],
            names);
        Assert.Contains("40,551,040", outcome.Output);
    }

    [Fact]
    public void Inspect_is_plain_and_names_are_whole_where_a_program_reads_it()
    {
        // when
        var outcome = Cli.Run("inspect", Cli.Bottleneck);

        // then
        Assert.DoesNotContain('\u001b', outcome.Output);
        Assert.DoesNotContain('…', outcome.Output);
        Assert.Contains("87,214,592 MACs, can go down to", outcome.Output);
        Assert.Contains("can be cut: channels 99.8 %; on them depend MACs 100.0 %, parameters 100.0 %", outcome.Output);
        Assert.Contains("10 channels of /fc/Gemm (0.0 % of the MACs, 0.4 % of the parameters): reaches", outcome.Output);
        Assert.Contains("the graph's output 'logits'", outcome.Output);
    }

    [Theory]
    [InlineData("--target", "macs=50%", true)]
    [InlineData("--max-drift", "0.1", false)]
    public void Calibration_is_advised_where_the_outputs_have_changed_much(string option, string value, bool isAdvised)
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), option, value);

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(isAdvised, outcome.Output.Contains("--calib", StringComparison.Ordinal));
    }

    [Fact]
    public void NO_COLOR_leaves_no_colours_on_a_terminal()
    {
        // given: script(1) gives the program a terminal
        if (Cli.Finish(Cli.StartProcess("bash", ["-c", "command -v script"])).ExitCode != 0)
        {
            return;
        }

        // when
        var outcome =
            Cli.Bash("NO_COLOR=1 TERM=xterm-256color script -qec \"$0 $1 $2 --target macs=50%\" /dev/null", Cli.Resnet, At("out.onnx"));

        // then: moves of the cursor are fine, colours are not
        Assert.DoesNotMatch(@"\x1b\[[0-9;]*(3[0-9]|4[0-9]|9[0-7])m", outcome.Output);
        Assert.Contains("Parameters", outcome.Output);
    }

    [Fact]
    public void Weights_that_vanish_are_told_of_and_do_not_reach_the_output()
    {
        // given
        var model = OnnxFile.Read(Cli.Resnet);
        var weight = model.Graph.Nodes.First(n => n.OpType == "Conv").Inputs[1]!;
        var values = weight.Initializer!.As<float>().ToArray();
        var few = values.Length / 16;
        values.AsSpan(0, few).Fill(1e-36f);
        Graph.SetInitializer(weight, Tensor.Of(values, [.. weight.Initializer.Dims]));
        File.WriteAllBytes(At("in.onnx"), OnnxFile.ToBytes(model));

        // when
        var outcome = Cli.Run(At("in.onnx"), At("out.onnx"), "--target", "macs=75%", "--report", At("r.json"));

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, Notes(outcome)));
        AssertPlain(outcome.Output);
        Assert.Contains($"The original has {few} weights too small for single precision", outcome.Output);
        var vanishing = JsonDocument.Parse(File.ReadAllText(At("r.json"))).RootElement
            .GetProperty("verification")
            .GetProperty("subnormal_weights");
        Assert.Equal(few, vanishing.GetProperty("count").GetInt32());
        Assert.True(vanishing.GetProperty("latency").GetProperty("speedup").GetDouble() > 0);
        Assert.Equal(0, SubnormalWeights.Count(OnnxFile.Read(At("out.onnx"))));
    }

    [Fact]
    public void A_quiet_run_says_nothing()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "-q", "--no-verify");

        // then
        Assert.Equal(new Outcome(0, "", ""), outcome);
    }

    [Fact]
    public void A_verbose_run_names_its_phases_on_stderr()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "-v", "--no-verify");

        // then
        Assert.Contains(" ms  read the model", outcome.Error);
        Assert.Contains(" ms  prune", outcome.Error);
    }

    [Fact]
    public void The_help_is_the_one_that_was_reviewed()
    {
        // when
        var help = string.Join("\n", new[] { "", "inspect", "verify", "quantize", "train", "finetune", "sweep" }.Select(command =>
            Cli.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Output));

        // then: to accept a change, copy the text
        AssertNarrow(help);
        var reviewed = Path.Combine(Cli.Root, "tests", "OnnxPrune.Cli.Tests", "help.txt");
        Assert.Equal(File.ReadAllText(reviewed), help);
    }

    [Fact]
    public void Class_folders_of_images_of_any_size_are_data_with_resize()
    {
        // given: two classes of one PNG of 2x1 pixels
        foreach (var name in (string[])["cat", "dog"])
        {
            Directory.CreateDirectory(At($"images/{name}"));
            File.WriteAllBytes(At($"images/{name}/a.png"), Convert.FromBase64String(
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR4nGP4zwAE/wEHAAH/4iOeWQAAAABJRU5ErkJggg=="));
        }

        // when
        string[] run = ["verify", Cli.Resnet, Cli.Resnet, "--data", At("images"), "--calib", At("images")];
        var (resized, asTheyAre) = (Cli.Run([.. run, "--resize", "32"]), Cli.Run(run));

        // then
        Assert.Equal((0, 2), (resized.ExitCode, asTheyAre.ExitCode));
        Assert.Matches(@"2 images of\s+3x32x32 from", resized.Output);
        Assert.Contains("or a folder of images and --resize", asTheyAre.Error);
    }

    [Fact]
    public void Where_nothing_can_be_cut_the_reasons_are_listed_and_the_model_is_written()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--only", "no such layer", "--no-verify");

        // then
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Nothing was cut, the output is the same network: --only and --exclude leave", outcome.Output);
        Assert.Contains("10 channels of /linear/Gemm: reaches the graph's output 'logits'", outcome.Output);
        Assert.True(File.Exists(At("out.onnx")));
    }

    [Fact]
    public void Without_a_target_the_cut_stays_within_the_default_drift()
    {
        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--report", At("r.json"));

        // then
        Assert.Equal(0, outcome.ExitCode);
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        Assert.InRange(report.RootElement.GetProperty("verification").GetProperty("drift").GetDouble(), 1e-6, 0.05);
        Assert.True(Macs(report, "pruned") < Macs(report, "original"));
    }

    [Fact]
    public void The_JSON_report_has_the_whole_run()
    {
        // when
        Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--resize", "32", "--report", At("r.json"));

        // then
        using var report = JsonDocument.Parse(File.ReadAllText(At("r.json")));
        var root = report.RootElement;
        Assert.Equal(2, root.GetProperty("schema_version").GetInt32());
        Assert.Equal(("done", 0), (root.GetProperty("status").GetString(), root.GetProperty("exit_code").GetInt32()));
        Assert.Equal("prune", root.GetProperty("command").GetString());
        Assert.Equal("macs=50%", root.GetProperty("options").GetProperty("targets")[0].GetString());
        Assert.Equal(32, root.GetProperty("options").GetProperty("resize").GetInt32());
        Assert.NotEqual("", root.GetProperty("versions").GetProperty("onnx_runtime").GetString());
        Assert.NotEqual("", root.GetProperty("versions").GetProperty("cpu").GetString());
        Assert.Equal(40_551_040, Macs(report, "original"));
        Assert.InRange(Macs(report, "pruned"), 1, 40_551_040 / 2);
        Assert.NotEmpty(root.GetProperty("plan").GetProperty("channels").EnumerateArray());
        Assert.NotEmpty(root.GetProperty("blocked").EnumerateArray());
        var layers = root.GetProperty("layers").EnumerateArray().ToArray();
        Assert.Equal(Macs(report, "pruned"), layers.Sum(l => l.GetProperty("macs_after").GetInt64()));
        Assert.Equal(
            root.GetProperty("pruned").GetProperty("parameters").GetInt64(), layers.Sum(l => l.GetProperty("params_after").GetInt64()));
        Assert.True(root.GetProperty("verification").GetProperty("latency").GetProperty("pruned_p50_ms").GetDouble() > 0);
    }

    [Fact]
    public void The_Markdown_report_has_the_summary_and_the_blocks_and_no_row_of_a_normalization()
    {
        // when
        Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=50%", "--no-verify", "--report", At("r.md"));

        // then
        var report = File.ReadAllText(At("r.md"));
        Assert.Contains("| MACs | 40,551,040 |", report);
        Assert.Matches(@"(?m)^\| /layer1/layer1\.0/Add \| 16( to \d+)?, 16( to \d+)? \|", report);
        Assert.DoesNotContain("BatchNorm", report);
    }

    [Fact]
    public void Inspect_prints_JSON_for_machines()
    {
        // when
        var outcome = Cli.Run("inspect", Cli.Resnet, "--json");

        // then
        using var document = JsonDocument.Parse(outcome.Output);
        var root = document.RootElement;
        Assert.Equal(1, root.GetProperty("schema_version").GetInt32());
        Assert.Equal(40_551_040, root.GetProperty("macs").GetInt64());
        Assert.Equal(269_722, root.GetProperty("params").GetInt64());
        Assert.Equal(9, root.GetProperty("blocks").GetArrayLength());
        Assert.Equal("padded", root.GetProperty("blocks")[3].GetProperty("shortcut").GetString());
        Assert.Equal(12, root.GetProperty("groups")[0].GetProperty("producers").GetArrayLength());
        Assert.Equal(40_551_040, root.GetProperty("layers").EnumerateArray().Sum(l => l.GetProperty("macs").GetInt64()));
        Assert.Equal("reaches the graph's output 'logits'", root.GetProperty("blocked")[0].GetProperty("reason").GetString());
        Assert.Equal(650.0 / 269_722, root.GetProperty("blocked")[0].GetProperty("params_share").GetDouble(), 6);
        Assert.Equal(0.986, root.GetProperty("cuttable").GetProperty("channels_share").GetDouble(), 3);
        Assert.Equal(1, root.GetProperty("cuttable").GetProperty("macs_share").GetDouble(), 3);
    }

    [Fact]
    public void Verify_compares_two_models()
    {
        // given
        Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=75%", "--no-verify", "-q");

        // when
        var same = Cli.Run("verify", Cli.Resnet, Cli.Resnet, "--max-drift", "1e-6");
        var pruned = Cli.Run("verify", Cli.Resnet, At("out.onnx"));
        var strict = Cli.Run("verify", Cli.Resnet, At("out.onnx"), "--max-drift", "1e-6");

        // then
        Assert.Equal((0, 0, 1), (same.ExitCode, pruned.ExitCode, strict.ExitCode));
        AssertPlain(pruned.Output);
        Assert.Contains("exceeds --max-drift", strict.Error);
    }

    [Fact]
    public void Verify_of_models_with_other_outputs_ends_with_1()
    {
        // given: the same network, whose output has another name
        var bytes = File.ReadAllBytes(Cli.Resnet);
        for (var at = bytes.AsSpan().IndexOf("logits"u8); at >= 0; at = bytes.AsSpan().IndexOf("logits"u8))
        {
            "scores"u8.CopyTo(bytes.AsSpan(at));
        }

        File.WriteAllBytes(At("renamed.onnx"), bytes);

        // when
        var outcome = Cli.Run("verify", Cli.Resnet, At("renamed.onnx"));

        // then
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("cannot be compared", outcome.Error);
    }

    /// <summary>The lines of stderr, but for the progress of a long run.</summary>
    private static string Notes(Outcome outcome) =>
        string.Concat(outcome.Error.Split('\n').Where(line => !System.Text.RegularExpressions.Regex.IsMatch(line, @"^ *\d+ s  ")));

    private static long Macs(JsonDocument report, string model) => report.RootElement.GetProperty(model).GetProperty("macs").GetInt64();

    private static void AssertPlain(string output)
    {
        Assert.DoesNotContain('\u001b', output);
        AssertNarrow(output);
    }

    private static void AssertNarrow(string output) => Assert.All(output.Split('\n'), line =>
    {
        Assert.True(line.Length <= 80, line);
        Assert.Equal(line.TrimEnd(), line);
    });
}
