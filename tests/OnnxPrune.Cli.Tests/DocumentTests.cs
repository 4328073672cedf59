using System.Text.Json;
using System.Text.RegularExpressions;

namespace OnnxPrune.Cli.Tests;

/// <summary>The pages about plans and reports know what the program reads and writes.</summary>
public sealed partial class DocumentTests : TemporaryFolder
{
    [Fact]
    public void The_plan_shown_can_be_applied()
    {
        // given
        File.WriteAllText(At("p.json"), Json().Match(Page("plan.md")).Groups[1].Value);

        // when
        var outcome = Cli.Run(Cli.Resnet, At("out.onnx"), "--plan", At("p.json"), "--no-verify");

        // then
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
    }

    [Fact]
    public void Every_field_of_the_reports_is_explained()
    {
        // given
        var page = Page("report.md");
        Cli.Run(Cli.Resnet, At("out.onnx"), "--target", "macs=75%", "--report", At("r.json"), "-q");
        Cli.Run("verify", Cli.Resnet, At("out.onnx"), "--report", At("v.json"), "-q");
        File.WriteAllText(At("i.json"), Cli.Run("inspect", Cli.Resnet, "--json").Output);

        // when
        var fields = new[] { "r.json", "v.json", "i.json" }
            .SelectMany(name => Fields(JsonDocument.Parse(File.ReadAllText(At(name))).RootElement))
            .Distinct();

        // then
        Assert.All(fields, field => Assert.Matches($@"[`.]{field}[`\[.]", page));
    }

    private static string Page(string name) => File.ReadAllText(Path.Combine(Cli.Root, "docs", name));

    /// <summary>
    /// The names of all fields, but of those of the plan, which has a page of its own, and of the phases, which have names for people.
    /// </summary>
    private static IEnumerable<string> Fields(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object =>
            element.EnumerateObject().SelectMany(p => p.Name is "plan" or "seconds" ? [p.Name] : Fields(p.Value).Prepend(p.Name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Fields),
        _ => [],
    };

    [GeneratedRegex(@"^```json\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Json();
}
