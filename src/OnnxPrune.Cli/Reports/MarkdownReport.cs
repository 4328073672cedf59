using System.Text;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports;

/// <summary>A pruning run as Markdown that fits a pull request.</summary>
internal static class MarkdownReport
{
    private const int NamedLayers = 3;
    private const string Special = "\\`*_[]<>|~&";

    /// <summary>Of a run that came to no result.</summary>
    public static string WriteRefusal(PruneOptions options, RunEnd end) => $"""
        # {Escape(Path.GetFileName(options.Output))}: not written

        {Escape(end.Message!)}

        """;

    public static string Write(ReportDocument document, RunFindings result)
    {
        var text = new StringBuilder();
        text.AppendLine($"# {Escape(Path.GetFileName(document.Output))}: {Escape(Path.GetFileName(document.Input))}, pruned").AppendLine();
        if (document.Message is { } message)
        {
            text.AppendLine($"Not written: {Escape(message)}").AppendLine();
        }

        text.AppendLine(Escape(PruneSummary.WhatWasCut(result))).AppendLine();
        Table(text, ["", "Original", "Pruned", "Ratio"], SummaryRow.Of(
            result.Original, result.Pruned, result.Latency, result.Comparison).Select(r =>
            new[] { r.Name, r.Original, r.Pruned, r.Ratio }), 1);
        foreach (var line in PruneSummary.HowItWasMeasured(result.Original, result.Pruned, result.Latency, result.Comparison))
        {
            text.AppendLine($"- {Escape(line)}");
        }

        text
            .AppendLine(
                $"- onnxprune {document.Versions.Onnxprune}, ONNX Runtime {Escape(document.Versions.OnnxRuntime)}, "
                    + $"{Escape(document.Versions.Cpu)}")
            .AppendLine();
        AddParts(text, document.Layers!, [.. document.Plan!.Blocks]);
        if (document.Blocked!.Count > 0)
        {
            text.AppendLine("<details><summary>What had to stay</summary>").AppendLine();
            Table(text, ["Reason", "Layers", "Channels"], document.Blocked.Select(b =>
                new[] { b.Reason, Layers(b.Layers), Numbers.Count(b.Channels) }), 2);
            text.AppendLine("</details>");
        }

        return text.ToString();
    }

    /// <summary>Names come from models and may hold what Markdown takes for marks.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in SanitizedText.Of(text.ReplaceLineEndings(" ")))
        {
            escaped.Append(Special.Contains(c) ? $"\\{c}" : c.ToString());
        }

        return escaped.ToString();
    }

    /// <summary>The blocks and the layers outside of blocks that changed, folded away.</summary>
    private static void AddParts(StringBuilder text, IReadOnlyList<ReportLayer> layers, HashSet<string> removed)
    {
        var parts = ReportPart.Of(layers, removed);
        var changed = parts.Where(p => p.HasChanged).ToArray();
        text.AppendLine($"<details><summary>What changed, block by block: {changed.Length} of {parts.Count}</summary>").AppendLine();
        Table(
            text,
            ["Block or layer", "Channels", "MACs before", "MACs after", "Parameters before", "Parameters after"],
            changed.Select(p => new[]
            {
                p.Name, p.Channels,
                Numbers.Count(p.MacsBefore), Numbers.Count(p.MacsAfter),
                Numbers.Count(p.ParamsBefore), Numbers.Count(p.ParamsAfter),
            }),
            2);
        text.AppendLine("</details>").AppendLine();
    }

    private static string Layers(IReadOnlyList<string> layers) =>
        layers.Count > NamedLayers
            ? $"{string.Join(", ", layers.Take(NamedLayers))} and {layers.Count - NamedLayers} more"
            : string.Join(", ", layers);

    private static void Table(StringBuilder text, string[] columns, IEnumerable<string[]> rows, int leftColumns)
    {
        text.AppendLine($"| {string.Join(" | ", columns)} |");
        text.AppendLine($"|{string.Concat(columns.Select((_, i) => i < leftColumns ? "---|" : "---:|"))}");
        foreach (var row in rows)
        {
            text.AppendLine($"| {string.Join(" | ", row.Select(Escape))} |");
        }

        text.AppendLine();
    }
}
