using System.Globalization;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Comparing;
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
        AddLatency(rows, "Latency P50", a.P50Milliseconds, b.P50Milliseconds);
        AddLatency(rows, "Latency P90", a.P90Milliseconds, b.P90Milliseconds);
        AddLatency(rows, "Latency P99", a.P99Milliseconds, b.P99Milliseconds);
        rows.Add(new SummaryRow("Speed, by rounds", "", Numbers.Times(latency.Speedup), Numbers.Between(latency.SpeedupInterval)));
        if (comparison is null)
        {
            return rows;
        }

        rows.Add(new SummaryRow("Drift", "", Numbers.Drift(comparison.Drift.Total), ""));
        if (comparison.Drift.LowestEqualShare < 1)
        {
            rows.Add(new SummaryRow("Equal integers", "", Numbers.Percent(comparison.Drift.LowestEqualShare), ""));
        }

        if (comparison.Score is { } score)
        {
            rows.Add(new SummaryRow("Score", Score(score.Original), Score(score.Other), string.Create(
                CultureInfo.InvariantCulture, $"{-score.Drop:+0.####;-0.####;0}")));
        }

        if (comparison.Accuracy is { } accuracy)
        {
            AddAccuracy(rows, accuracy);
        }

        return rows;
    }

    private static void AddLatency(List<SummaryRow> rows, string name, double original, double pruned) =>
        rows.Add(new SummaryRow(name, Numbers.Milliseconds(original), Numbers.Milliseconds(pruned), Numbers.Share(pruned, original)));

    private static void AddAccuracy(List<SummaryRow> rows, AccuracyReport accuracy)
    {
        var (a, b) = (accuracy.Models[0], accuracy.Models[^1]);
        Add("Top-1 accuracy", a.Top1, b.Top1);
        Add("Top-5 accuracy", a.Top5, b.Top5);
        rows.Add(new SummaryRow("Same prediction", "", Percent(b.Agreement), ""));

        void Add(string name, double? original, double? pruned)
        {
            if (original is { } before && pruned is { } after)
            {
                rows.Add(new SummaryRow(
                    name,
                    Percent(before),
                    Percent(after),
                    string.Create(CultureInfo.InvariantCulture, $"{100 * (after - before):+0.00;-0.00;0.00} points")));
            }
        }
    }

    private static string Score(double score) => score.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.00} %");

    private static SummaryRow Counted(string name, long original, long pruned) =>
        new(name, Numbers.Count(original), Numbers.Count(pruned), Numbers.Share(pruned, original));
}
