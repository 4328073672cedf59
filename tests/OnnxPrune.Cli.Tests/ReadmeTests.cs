using System.Text.RegularExpressions;

namespace OnnxPrune.Cli.Tests;

/// <summary>The README's commands do what it says.</summary>
public sealed partial class ReadmeTests : TemporaryFolder
{
    private static string Readme => File.ReadAllText(Path.Combine(Cli.Root, "README.md"));

    private static IEnumerable<string> Commands => Blocks("sh").Where(b => b.Contains("tools/onnxprune", StringComparison.Ordinal));

    /// <summary>The blocks of commands that start onnxprune, in order, but for the first, whose output is looked at.</summary>
    public static TheoryData<string> Samples => [.. Commands.Skip(1)];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_block_of_commands_runs(string block)
    {
        // when
        var outcome = RunBlock(block);

        // then
        Assert.True(outcome.ExitCode == 0, $"{block}\nended with {outcome.ExitCode}: {outcome.Error}");
    }

    [Fact]
    public void The_output_shown_has_the_rows_and_sentences_of_a_run()
    {
        // given: what is measured, and what depends on the processor, differs from machine to machine
        var shown = Blocks("text").First();

        // when
        var outcome = RunBlock(Commands.First());

        // then
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(Labels(shown), Labels(outcome.Output));
    }

    [Fact]
    public void The_options_named_exist()
    {
        // given
        var help = string.Concat(
            new[] { "--help", "inspect --help", "verify --help", "quantize --help", "train --help", "finetune --help", "sweep --help" }
            .Select(a => Cli.Run(a.Split(' ')).Output));

        // then
        Assert.All(Option().Matches(Readme).Select(m => m.Groups[1].Value), option => Assert.Contains(option, help));
    }

    private Outcome RunBlock(string block)
    {
        // The set-up and the tests have their own tests; the samples' files go to this test's own folder.
        var script = string.Join('\n', block.Split('\n').Where(l => !l.StartsWith("tools/test", StringComparison.Ordinal)))
            .Replace("tools/onnxprune", "\"$0\"", StringComparison.Ordinal)
            .Replace("/tmp/", Folder + "/", StringComparison.Ordinal);
        return Cli.Bash($"cd '{Cli.Root}'\nset -e\n{script}");
    }

    private static IEnumerable<string> Blocks(string language) => Fence().Matches(Readme)
        .Where(m => m.Groups[1].Value == language)
        .Select(m => m.Groups[2].Value);

    /// <summary>The first words of each line, up to a number or a colon.</summary>
    private static IEnumerable<string> Labels(string output) => output
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(l => !l.StartsWith(' ') || l.Contains("Original", StringComparison.Ordinal))
        .Select(l => Label().Match(l).Value.Trim());

    [GeneratedRegex(@"^```([a-z]*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^[^\d:]*")]
    private static partial Regex Label();

    [GeneratedRegex("`(--[a-z-]+)")]
    private static partial Regex Option();
}
