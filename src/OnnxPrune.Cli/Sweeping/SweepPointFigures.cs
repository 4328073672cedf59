namespace OnnxPrune.Cli.Sweeping;

/// <summary>The figures that points are compared by.</summary>
/// <param name="Milliseconds">The original's median, of all races, times what the point took of it in its own.</param>
/// <param name="Loss">As <see cref="PointLoss"/> has it.</param>
internal sealed record SweepPointFigures(PointRecord Record, double Milliseconds, double Loss)
{
    /// <summary>Points of top-1 accuracy lost; null without labelled data.</summary>
    public double? AccuracyDrop =>
        Record.Verification!.Accuracy is { OriginalTop1: { } before, PrunedTop1: { } after } ? Math.Round(100 * (before - after), 9) : null;

    /// <summary>Of all points that are done.</summary>
    public static IReadOnlyList<SweepPointFigures> Of(IEnumerable<PointRecord> records)
    {
        PointRecord[] done = [.. records.Where(r => r.IsDone)];
        var medians = done
            .GroupBy(r => r.Input)
            .ToDictionary(g => g.Key, g => Median(g.Select(r => r.Verification!.Latency.OriginalP50Ms)));
        return [.. done.Select(r => new SweepPointFigures(r, medians[r.Input] * r.Verification!.Latency.Ratio, PointLoss.Of(r).Value))];
    }

    /// <summary>Those of each model that no other is faster than without losing more.</summary>
    public static IReadOnlySet<string> ParetoFront(IReadOnlyList<SweepPointFigures> all) =>
        all.Where(p => !all.Any(o => o.Record.Input == p.Record.Input && o.Dominates(p))).Select(p => p.Record.Name).ToHashSet();

    private bool Dominates(SweepPointFigures other) =>
        Milliseconds <= other.Milliseconds && Loss <= other.Loss && (Milliseconds < other.Milliseconds || Loss < other.Loss);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
