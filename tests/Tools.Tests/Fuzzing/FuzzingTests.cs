using System.Diagnostics;
using System.Text.RegularExpressions;
using Fuzzing.Runs;
using Fuzzing.Targets;
using OnnxPrune.Testing;
using Xunit.Abstractions;

namespace Fuzzing.Tests;

/// <summary>The fuzzer for a few seconds on every target; tools/fuzz runs it for as long as one likes.</summary>
public sealed class FuzzingTests(ITestOutputHelper log)
{
    private const string Seconds = "4";

    public static TheoryData<string> Targets => [.. FuzzTarget.All.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Damaged_inputs_are_refused_in_one_sentence_or_handled_right(string target)
    {
        // given
        using var findings = new TemporaryFolder();

        // when
        var (code, output, error) =
            Fuzz("--target", target, "--seconds", Seconds, "--seed", "1", "--findings", findings.Root, "--program", TestedProgram.Path);

        // then
        log.WriteLine(output);
        Assert.True(code == 0, output + error + string.Join('\n', Directory.GetFiles(findings.Root, "*.txt").Select(File.ReadAllText)));
        Assert.NotEqual("0", Row(target).Match(output).Groups[1].Value);
        Assert.Matches(Row(target), output);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void A_case_is_the_same_input_whenever_it_is_made(string target)
    {
        var found = FuzzTarget.Find(target)!;
        for (var index = 0; index < 20; index++)
        {
            var id = new CaseId(target, 3, index);

            Assert.Equal(found.Make(id.Random()).Bytes, found.Make(id.Random()).Bytes);
        }
    }

    [Theory]
    [InlineData(7841)]
    [InlineData(11679)]
    public void A_plan_is_replayed_on_the_shapes_that_it_was_made_for(int index)
    {
        // given
        using var folder = new TemporaryFolder();
        var core = FuzzTarget.Find("core")!;
        core.Start(folder.Root, null);
        var random = new CaseId("core", 7100, index).Random();

        // when
        var outcome = core.Feed(core.Make(random), random);

        // then
        Assert.Equal("pruned", outcome);
    }

    [Fact]
    public void An_unknown_target_is_wrong_usage() => Assert.Equal(2, Fuzz("--target", "nonsense").ExitCode);

    private static (int ExitCode, string Output, string Error) Fuzz(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "dotnet", [typeof(FuzzTarget).Assembly.Location, .. arguments])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    private static Regex Row(string target) => new($@"^\| {target} \| (\d+) \| .* \| 0 \| 0 \|$", RegexOptions.Multiline);
}
