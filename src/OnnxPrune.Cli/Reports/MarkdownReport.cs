using System.Text;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports;

/// <summary>A pruning run for people, as Markdown.</summary>
internal static class MarkdownReport
{
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
        Table(text, ["", "Original", "Pruned", "Ratio"], SummaryRow.Of(result.Original, result.Pruned, result.Latency, result.Comparison).Select(r => new[] { r.Name, r.Original, r.Pruned, r.Ratio }), 1);
        foreach (var line in PruneSummary.HowItWasMeasured(result.Original, result.Pruned, result.Latency, result.Comparison))
        {
            text.AppendLine($"- {Escape(line)}");
        }

        text.AppendLine($"- onnxprune {document.Versions.Onnxprune}, ONNX Runtime {Escape(document.Versions.OnnxRuntime)}, {Escape(document.Versions.Cpu)}").AppendLine();
        text.AppendLine("## Layers").AppendLine();
        Table(text, ["Layer", "Operator", "Weight before", "Weight after", "MACs before", "MACs after", "Parameters before", "Parameters after"], document.Layers!.Select(Row), 4);
        if (document.Plan!.Blocks.Count > 0)
        {
            text.AppendLine("## Blocks removed").AppendLine();
            foreach (var block in document.Plan.Blocks)
            {
                text.AppendLine($"- {Escape(block)}");
            }

            text.AppendLine();
        }

        if (document.Blocked!.Count > 0)
        {
            text.AppendLine("## What had to stay").AppendLine();
            Table(text, ["Reason", "Layers", "Channels"], document.Blocked.Select(b => new[] { b.Reason, string.Join(", ", b.Layers), Numbers.Count(b.Channels) }), 2);
        }

        return text.ToString();
    }

    /// <summary>Names come from models and may hold what Markdown takes for marks.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in Printable.Of(text.ReplaceLineEndings(" ")))
        {
            escaped.Append(Special.Contains(c) ? $"\\{c}" : c.ToString());
        }

        return escaped.ToString();
    }

    private static string[] Row(ReportLayer layer) =>
    [
        layer.Name,
        layer.Operator,
        string.Join('x', layer.WeightBefore),
        layer.WeightAfter is null ? "gone" : string.Join('x', layer.WeightAfter),
        Numbers.Count(layer.MacsBefore),
        Numbers.Count(layer.MacsAfter),
        Numbers.Count(layer.ParamsBefore),
        Numbers.Count(layer.ParamsAfter),
    ];

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
