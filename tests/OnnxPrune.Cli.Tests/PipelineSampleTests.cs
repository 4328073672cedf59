using System.Text.RegularExpressions;

namespace OnnxPrune.Cli.Tests;

/// <summary>Runs the samples of the page about pipelines, as far as a shell can: all but the installation.</summary>
public sealed partial class PipelineSampleTests : TemporaryFolder
{
    private static string Page => File.ReadAllText(Path.Combine(Cli.Root, "docs", "pipelines.md"));

    [Fact]
    public void The_steps_of_GitHub_Actions_run()
    {
        // given
        var steps = string.Concat(Block("GitHub Actions").Split("run: |\n").Skip(1).Select(Indented));

        // when
        var outcome = Run($"export GITHUB_STEP_SUMMARY='{At("summary.md")}'\n{steps}");

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(2, Regex.Count(steps, "^onnxprune ", RegexOptions.Multiline));
        Assert.Equal(File.ReadAllText(At("pruned.md")), File.ReadAllText(At("summary.md")));
        Assert.True(File.Exists(At("pruned.onnx")) && File.Exists(At("gate.json")));
    }

    [Fact]
    public void The_script_of_GitLab_runs()
    {
        // given
        var script = Block("GitLab").Split("  script:\n")[1].Split("  artifacts:")[0].Replace("    - ", "");

        // when
        var outcome = Run(script);

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(2, Regex.Count(script, "^onnxprune ", RegexOptions.Multiline));
        Assert.True(File.Exists(At("out/picked.onnx")) && File.Exists(At("gate.json")));
    }

    [Fact]
    public void The_configuration_that_is_shown_is_understood()
    {
        File.WriteAllText(At("c.json"), Json().Match(Page).Groups[1].Value.Replace("\"calib\": \"data/calibration\",", ""));
        Directory.CreateDirectory(At("out"));

        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--config", At("c.json"), "-q");

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.True(File.Exists(At("out/report.json")));
    }

    /// <summary>In a folder with a model and a configuration, where <c>onnxprune</c> is the program.</summary>
    private Outcome Run(string script)
    {
        File.Copy(Cli.Resnet, At("model.onnx"));
        File.WriteAllText(At("onnxprune.json"), """{ "threads": 1, "prune": { "target": "macs=75%" } }""");
        File.WriteAllText(At("script.sh"), script);
        return Cli.Bash("program=$0; onnxprune() { \"$program\" \"$@\"; }; cd \"$1\" && set -e && . ./script.sh", Folder);
    }

    private static string Block(string title) => Page.Split($"## {title}\n")[1].Split("```yaml\n")[1].Split("```")[0];

    /// <summary>The lines that belong to a block of YAML, without their indentation.</summary>
    private static string Indented(string text)
    {
        var indent = text.Length - text.TrimStart(' ').Length;
        return string.Concat(text
            .Split('\n')
            .TakeWhile(l => l.StartsWith(new string(' ', indent), StringComparison.Ordinal))
            .Select(l => l[indent..] + "\n"));
    }

    [GeneratedRegex(@"^```json\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Json();
}
