using System.Globalization;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Latency;

namespace OnnxPrune.Cli.Reports;

/// <summary>One line of the table Original / Pruned / Ratio.</summary>
internal sealed record SummaryRow(string Name, string Original, string Pruned, string Ratio)
{
    public static IReadOnlyList<SummaryRow> Of(ModelFigures original, ModelFigures pruned, LatencyReport? latency, Comparison? comparison)
    {
        var rows = new List<SummaryRow>
        {
            Counted("Nodes", original.Nodes, pruned.Nodes),
            Counted("Blocks", original.Blocks, pruned.Blocks),
            Counted("Channels", original.Channels, pruned.Channels),
            Counted("Parameters", original.Parameters, pruned.Parameters),
            Counted("MACs", original.Macs, pruned.Macs),
            Counted("File size (bytes)", original.FileBytes, pruned.FileBytes),
        };
        if (latency is null)
        {
            return rows;
        }

        var (a, b) = (latency.Racers[0], latency.Racers[^1]);
        rows.Add(new SummaryRow("Latency P50", Numbers.Milliseconds(a.P50Milliseconds), Numbers.Milliseconds(b.P50Milliseconds), Numbers.Share(b.P50Milliseconds, a.P50Milliseconds)));
        rows.Add(new SummaryRow("Latency P90", Numbers.Milliseconds(a.P90Milliseconds), Numbers.Milliseconds(b.P90Milliseconds), Numbers.Share(b.P90Milliseconds, a.P90Milliseconds)));
        if (comparison is null)
        {
            return rows;
        }

        rows.Add(new SummaryRow("Drift", "", Numbers.Drift(comparison.Drift.Total), ""));
        if (comparison.Drift.LowestEqualShare < 1)
        {
            rows.Add(new SummaryRow("Equal integers", "", Numbers.Percent(comparison.Drift.LowestEqualShare), ""));
        }

        if (comparison.Accuracy is { } accuracy)
        {
            AddAccuracy(rows, accuracy);
        }

        return rows;
    }

    private static void AddAccuracy(List<SummaryRow> rows, AccuracyReport accuracy)
    {
        var (a, b) = (accuracy.Models[0], accuracy.Models[^1]);
        if (a.Top1 is { } before && b.Top1 is { } after)
        {
            rows.Add(new SummaryRow("Top-1 accuracy", Percent(before), Percent(after), string.Create(CultureInfo.InvariantCulture, $"{100 * (after - before):+0.00;-0.00;0.00} points")));
        }

        rows.Add(new SummaryRow("Same prediction", "", Percent(b.Agreement), ""));
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.00} %");

    private static SummaryRow Counted(string name, long original, long pruned) =>
        new(name, Numbers.Count(original), Numbers.Count(pruned), Numbers.Share(pruned, original));
}
