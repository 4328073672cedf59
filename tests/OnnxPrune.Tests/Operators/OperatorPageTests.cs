using System.Text.RegularExpressions;
using System.Xml.Linq;
using OnnxPrune.Operators;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

/// <summary>docs/operators.md is what the table and the operators' own summaries say. ONNXPRUNE_WRITE_DOCS=1 writes it anew.</summary>
public sealed partial class OperatorPageTests
{
    private const string Head = """
        # Operators

        Written from `OperatorTable` and the summaries of the operators' classes. After a change of either:
        `ONNXPRUNE_WRITE_DOCS=1 tools/test --filter OperatorPageTests`.

        An operator in these tables has a rule: channels flow through it and can be cut on both sides. Words that come back:
        *fresh* channels begin at this node; channels that *pass* are the same before and after; *tied*, *coupled* or *equal* channels leave
        together; *pinned* channels stay, with this node as the reason; a layer that *reads* channels sums over them, and loses the weights of
        those that leave.

        Every other operator *blocks*: the channels of all its inputs stay, its outputs carry none, and `onnxprune inspect` names the node.
        So do operators of other domains than ONNX's own, nodes with subgraphs (If, Loop, Scan), and layers that compute with integers
        (QLinearConv, ConvInteger). Functions of the model are inlined when it is loaded; a call that cannot be (its body is written for
        another operator set, or has attributes with defaults) blocks.

        Layers with "MACs: yes" are counted as multiply-accumulates.

        | operators | how channels flow | MACs |
        |---|---|---|

        """;

    private static string Page => Path.Combine(SharedFiles.Root, "docs", "operators.md");

    [Fact]
    public void The_page_of_operators_says_what_the_table_says()
    {
        var expected = Write();
        if (Environment.GetEnvironmentVariable("ONNXPRUNE_WRITE_DOCS") == "1")
        {
            File.WriteAllText(Page, expected);
        }

        Assert.True(
            File.Exists(Page) && File.ReadAllText(Page) == expected,
            "docs/operators.md is not what the operators say; this writes it anew: ONNXPRUNE_WRITE_DOCS=1 tools/test --filter "
                + "OperatorPageTests");
    }

    private static string Write()
    {
        var summaries = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "OnnxPrune.xml")).Descendants("member")
            .ToDictionary(m => m.Attribute("name")!.Value, m => m.Element("summary"));
        var rows = OperatorTable.Rules
            .GroupBy(r => r.Value.GetType())
            .Select(g =>
                $"| {string.Join(", ", g.Select(r => r.Key))} | {Text(summaries[$"T:{g.Key.FullName}"]!)} | "
                    + $"{(CountsMacs(g.Key) ? "yes" : "")} |\n");
        return Head + string.Concat(rows);
    }

    private static bool CountsMacs(Type type) => type.GetMethod(nameof(Operator.Macs))!.DeclaringType != typeof(Operator);

    private static string Text(XElement summary) => Spaces().Replace(string.Concat(summary.Nodes().Select(n => n switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => see.Attribute("cref")!.Value.Split('.')[^1],
        _ => ((XText)n).Value,
    })), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
