using System.Text.Json;

namespace OnnxPrune.Cli.Tests;

/// <summary>Options from a file: what they mean, who wins, and what is refused.</summary>
public sealed class ConfigFileTests : TemporaryFolder
{
    [Fact]
    public void Options_come_from_the_file_and_paths_are_relative_to_it()
    {
        // given
        Directory.CreateDirectory(At("sub"));
        File.WriteAllText(At("sub/c.json"), """
            {
              "$schema": "onnxprune.schema.json", // for editors
              "target": ["macs=75%"], "report": "r.json", "threads": 1, "no-verify": true, "verify": { "max-drift": 0.1 },
            }
            """);

        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--config", At("sub/c.json"), "-q");

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        var options = Report(At("sub/r.json")).GetProperty("options");
        Assert.Equal("macs=75%", options.GetProperty("targets")[0].GetString());
        Assert.Equal(1, options.GetProperty("threads").GetInt32());
        Assert.False(options.GetProperty("verify").GetBoolean());
    }

    [Fact]
    public void The_command_line_wins_then_the_section_of_the_command()
    {
        // given
        File.WriteAllText(
            At("c.json"),
            """{ "target": "macs=75%", "seed": 1, "repair": "layers", "no-verify": true, "prune": { "repair": "none", "seed": 2 } }""");

        // when
        var outcome =
            Cli.Run(
                Cli.Resnet,
                At("out.onnx"),
                "--config",
                At("c.json"),
                "--target",
                "params=80%",
                "--seed",
                "3",
                "--no-verify=false",
                "--report",
                At("r.json"),
                "-q");

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        var options = Report(At("r.json")).GetProperty("options");
        Assert.Equal(["params=80%"], options.GetProperty("targets").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal((3, "none", true), (
            options.GetProperty("seed").GetInt32(), options.GetProperty("repair").GetString(), options.GetProperty("verify").GetBoolean()));
    }

    [Theory]
    [InlineData("""{ "max_drop": 1 }""", "'max_drop' is no option; did you mean 'max-drop'?")]
    [InlineData("""{ "train": { "epoch": 1 } }""", "'epoch' is no option of 'train'; did you mean 'epochs'?")]
    [InlineData("""{ "inspect": { "max-drop": 1 } }""", "'max-drop' is no option of 'inspect'.")]
    [InlineData("""{ "config": "x.json" }""", "'config' is no option")]
    [InlineData("""{ "int8": "yes" }""", "'int8' is \"yes\", where true or false is expected.")]
    [InlineData("""{ "prune": { "round": null } }""", "'prune.round' is null, where a text or a number is expected.")]
    [InlineData("""{ "normalize": ["unit"] }""", "'normalize' is [\"unit\"], where a text or a number is expected.")]
    [InlineData("""{ "calib": "" }""", "where a text that is not empty is expected.")]
    [InlineData("""{ "seed": 1, "seed": 2 }""", "is no configuration")]
    [InlineData("[]", "it must be a JSON object of options")]
    [InlineData("{", "is no configuration")]
    public void What_is_no_option_is_refused(string json, string reason)
    {
        File.WriteAllText(At("c.json"), json);

        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--config", At("c.json"));

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(reason, outcome.Error);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.False(File.Exists(At("out.onnx")));
    }

    [Fact]
    public void A_bad_value_is_refused_as_on_the_command_line()
    {
        File.WriteAllText(At("c.json"), """{ "threads": -1 }""");

        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--config", At("c.json"));

        Assert.Equal((2, "onnxprune: --threads -1: give a whole number of at least 0."), (outcome.ExitCode, outcome.Error.TrimEnd()));
    }

    [Fact]
    public void A_file_that_does_not_exist_is_wrong_usage() =>
        Assert.Equal(2, Cli.Run(Cli.Resnet, At("out.onnx"), "--config", At("none.json")).ExitCode);

    [Fact]
    public void The_file_of_the_current_folder_is_announced_and_can_be_left_unread()
    {
        File.WriteAllText(At("onnxprune.json"), """{ "target": "macs=75%", "no-verify": true }""");

        var found = InFolder(Cli.Resnet, At("a.onnx"));
        var none = InFolder(Cli.Resnet, At("b.onnx"), "--config", "none");

        Assert.Equal(0, found.ExitCode);
        Assert.Contains("note: options from 'onnxprune.json' of this folder: --target=macs=75% --no-verify=true", found.Error);
        Assert.Contains("the target macs=75%", found.Output);
        Assert.DoesNotContain("onnxprune.json", none.Error);
    }

    [Fact]
    public void A_file_that_nobody_named_starts_no_program()
    {
        File.WriteAllText(At("onnxprune.json"), $$"""{ "metric-cmd": "touch {{At("started")}}" }""");

        var outcome = InFolder(Cli.Resnet, At("a.onnx"), "--target", "macs=75%");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("may not start a program", outcome.Error);
        Assert.False(File.Exists(At("started")));
    }

    [Fact]
    public void No_output_replaces_the_file()
    {
        File.WriteAllText(At("c.json"), """{ "target": "macs=75%" }""");

        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--config", At("c.json"), "--report", At("c.json"));

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("would overwrite the configuration", outcome.Error);
    }

    [Fact]
    public void The_schema_that_is_shipped_is_that_of_the_options()
    {
        var shipped = Path.Combine(Cli.Root, "docs", "onnxprune.schema.json");

        var schema = Cli.Run("schema");

        // onnxprune schema > docs/onnxprune.schema.json
        Assert.Equal(File.ReadAllText(shipped), schema.Output);
    }

    [Theory]
    [InlineData("prune", "--help")]
    [InlineData("verify", "verify", "--help")]
    [InlineData("quantize", "quantize", "--help")]
    [InlineData("train", "train", "--help")]
    [InlineData("finetune", "finetune", "--help")]
    [InlineData("inspect", "inspect", "--help")]
    public void Every_option_of_the_help_is_in_the_schema(string command, params string[] help)
    {
        var section = JsonDocument.Parse(Cli.Run("schema").Output).RootElement
            .GetProperty("properties")
            .GetProperty(command)
            .GetProperty("properties");

        var options = System.Text.RegularExpressions.Regex.Matches(
            Cli.Run(help).Output, @"^  (?:-\w, )*--([\w-]+)", System.Text.RegularExpressions.RegexOptions.Multiline)
            .Select(m => m.Groups[1].Value);

        Assert.Equal(
            options.Except(["help", "version", "config"]).Order(StringComparer.Ordinal), section.EnumerateObject().Select(p => p.Name));
    }

    private Outcome InFolder(params string[] arguments) => Cli.Bash("cd \"$1\" && shift && exec \"$0\" \"$@\"", [Folder, .. arguments]);

    private static JsonElement Report(string path) => JsonDocument.Parse(File.ReadAllText(path)).RootElement;
}
