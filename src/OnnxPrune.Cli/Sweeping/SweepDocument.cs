using System.Text;
using System.Text.Json.Serialization;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>All points of a sweep as JSON.</summary>
/// <param name="Pick">The rule that was given.</param>
/// <param name="Picked">The point that is the best by it.</param>
internal sealed record SweepDocument([property: JsonIgnore] RunRecord Run, IReadOnlyList<SweepEntry> Points, string? Pick, string? Picked)
    : RunRecord(Run)
{
    private const string Special = "\\`*_[]<>|~&";

    /// <summary>The columns of <see cref="Rows"/>.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["Point", "MACs", "Size", "Time", "Speed", "Drift", "Lost", ""];

    /// <summary>One row a point, as people read it; the last cell marks the Pareto front and what was picked.</summary>
    public IEnumerable<string[]> Rows(bool namesModel) => Points.Select(p => Row(p, namesModel));

    public string ToMarkdown(bool namesModel)
    {
        var text = new StringBuilder("# Sweep\n\n");
        Line(text, Columns);
        text.Append($"|---|{string.Concat(Enumerable.Repeat("--:|", Columns.Count - 2))}---|\n");
        foreach (var row in Rows(namesModel))
        {
            Line(text, [.. row.Select(Escape)]);
        }

        text.Append('\n');
        foreach (var entry in Points.Where(p => p.Record.Message is not null))
        {
            text.Append($"- {Escape(entry.Label)}: {Escape(entry.Record.Message!)}\n");
        }

        text.Append($"\n{Legend}\n");
        return text.ToString();
    }

    /// <summary>The meaning of the marks.</summary>
    public const string Legend =
        "pareto: no other point is faster without losing more. Lost: of the score of --metric-cmd, else points of top-1 accuracy.";

    private string[] Row(SweepEntry entry, bool namesModel)
    {
        var record = entry.Record;
        var label = namesModel ? record.Name : entry.Label;
        if (!record.IsDone)
        {
            return [label, "", "", "", "", "", "", record.Status];
        }

        var (original, pruned, verification) = (record.Original!, record.Pruned!, record.Verification!);
        return
        [
            label,
            Numbers.Share(pruned.Macs, original.Macs),
            Numbers.Share(pruned.FileBytes, original.FileBytes),
            Numbers.Milliseconds(entry.Milliseconds!.Value),
            FormattableString.Invariant($"{verification.Latency.Speedup:0.00}x"),
            Numbers.Drift(verification.Drift),
            verification.Score is { } score ? FormattableString.Invariant($"{score.Drop:0.####}")
                : verification.Accuracy is { OriginalTop1: { } before, PrunedTop1: { } after }
                    ? FormattableString.Invariant($"{100 * (before - after):0.00}")
                    : "-",
            $"{(entry.IsPareto ? "pareto" : "")}{(record.Name == Picked ? " picked" : "")}".TrimStart(),
        ];
    }

    private static void Line(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Escape(string text) => string.Concat(text.Select(c => Special.Contains(c) ? $"\\{c}" : $"{c}"));
}

/// <param name="Label">What the point is called among those of one model.</param>
/// <param name="Milliseconds">The time of its model; null where there is none.</param>
/// <param name="IsPareto">Whether no other point of the model is faster without losing more.</param>
internal sealed record SweepEntry(string Label, double? Milliseconds, bool IsPareto, PointRecord Record);
