using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Cli.Reports.Pages;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>All points of a sweep as a page: what each model trades for time, and what every point came to.</summary>
internal static class SweepPage
{
    public static string Write(SweepDocument document, bool namesModel)
    {
        var models = document.Points.GroupBy(p => p.Record.Input).ToArray();
        return Page.Write(
            $"Sweep of {string.Join(", ", models.Select(m => Path.GetFileName(m.Key)))}",
            $"{Numbers.Count(document.Points.Count, "point")}, each pruned, measured and raced against its original.",
            [
                VerdictSection.Of(document, Findings(document), []),
                .. models.Select((m, i) => TradeOff($"trade-off-{i}", m.Key, [.. m.Where(p => p.Record.IsDone)], document.Picked)),
                new Section(
                    "points",
                    "Points",
                    Element.Of("p", SweepDocument.Legend),
                    Table.Of("In the order in which they were asked for", [.. SweepDocument.Columns], document.Rows(namesModel)),
                    Refused([.. document.Points.Where(p => p.Record.Message is not null)])),
                ReproduceSection.Of(document, models.Select(m => m.Select(p => p.Record.Original).FirstOrDefault(o => o is not null))),
            ]);
    }

    private static IEnumerable<string> Findings(SweepDocument document)
    {
        yield return $"{document.Points.Count(p => p.Record.IsDone)} of {Numbers.Count(document.Points.Count, "point")} are done";
        if (document.Points.FirstOrDefault(p => p.Record.Name == document.Picked) is { } picked)
        {
            yield return $"{picked.Record.Name} is the best by {document.Pick}: {Numbers.Milliseconds(picked.Milliseconds!.Value)}, "
                + PointLoss.Of(picked.Record).Text;
        }
    }

    /// <summary>Null where no point of the model is done.</summary>
    private static Section? TradeOff(string id, string input, SweepEntry[] done, string? picked)
    {
        if (done.Length == 0)
        {
            return null;
        }

        var unit = PointLoss.Of(done[0].Record).Unit;
        var overTime = Points(done, picked, p => p.Milliseconds!.Value, p => Numbers.Milliseconds(p.Milliseconds!.Value));
        var overMacs = Points(done, picked, MacsShare, p => $"{Numbers.Percent(MacsShare(p))} of the MACs");
        return new Section(
            id,
            $"What {Path.GetFileName(input)} loses for its time and its MACs",
            ScatterChart.Of(
                $"{id}-chart",
                $"{unit}, over the time of a run",
                $"Each point is a network: across its median time, up its {unit}; further down and to the left is better.",
                ScatterAxis.Over(overTime.Select(p => p.X), x => $"{Chart.Short(x)} ms"),
                ScatterAxis.Over(overTime.Select(p => p.Y), Chart.Short),
                overTime,
                Legend()),
            ScatterChart.Of(
                $"{id}-macs-chart",
                $"{unit}, over the MACs that are left",
                "The same points over the share of the MACs: what lies elsewhere than above gains more, or less, than its MACs promise.",
                ScatterAxis.Over(overMacs.Select(p => p.X), x => $"{Chart.Short(100 * x)} %"),
                ScatterAxis.Over(overMacs.Select(p => p.Y), Chart.Short),
                overMacs,
                Legend()));
    }

    private static Element Legend() =>
        Chart.Legend(("after", "on the Pareto front"), ("before", "another point is better"), ("taken", "picked"));

    private static Point[] Points(SweepEntry[] done, string? picked, Func<SweepEntry, double> x, Func<SweepEntry, string> text) =>
        [.. done.Select(p => new Point(
            x(p),
            PointLoss.Of(p.Record).Value,
            p.Record.Name == picked ? "taken" : p.IsPareto ? "after" : "before",
            $"{p.Label}: {text(p)}, {PointLoss.Of(p.Record).Text}"))];

    private static double MacsShare(SweepEntry entry) => (double)entry.Record.Pruned!.Macs / entry.Record.Original!.Macs;

    private static Element? Refused(SweepEntry[] refused) => refused.Length == 0
        ? null
        : Table.Of(
            "Points without a result", ["Point", "Status", "Reason"],
            refused.Select(p => new[] { p.Label, p.Record.Status, p.Record.Message! }), 3);
}
