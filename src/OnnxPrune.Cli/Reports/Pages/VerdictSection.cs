using System.Globalization;
using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The result of a run in one sentence, and whether its limits hold.</summary>
internal static class VerdictSection
{
    /// <param name="findings">What was found out, as clauses; none where a run was refused before.</param>
    public static Section Of(RunRecord run, IEnumerable<string> findings, IReadOnlyList<ReportGate> gates)
    {
        var isDone = run.ExitCode == 0;
        var sentence = string.Join(", ", findings);
        return new Section(
            "verdict",
            "Verdict",
            Element.Of(
                "div",
                Element.Of(
                    "p",
                    Element.Of("strong", isDone ? "Done. " : $"Refused (exit code {run.ExitCode}). "),
                    run.Message is null ? null : run.Message + " ",
                    sentence.Length > 0 ? $"Measured: {sentence}." : null))
                .With("class", isDone ? "verdict" : "verdict refused").With("role", "status"),
            gates.Count == 0
                ? null
                : Table.Of("Limits that were asked for", ["Limit", "In", "Asked", "Measured", "Holds"], gates.Select(Row), 2),
            run.Reachable is { Count: > 0 } reaches
                ? Table.Of(
                    "How far the targets can be gone towards",
                    ["Target", "In", "Asked", "Original", "Best"],
                    reaches.Select(r => new[] { r.Target, r.Unit, Number(r.Asked), Number(r.Original), Number(r.Best) }),
                    2)
                : null);
    }

    /// <summary>The findings about two models.</summary>
    /// <param name="verification">Null where they were not run.</param>
    public static IEnumerable<string> Findings(
        ReportModel original,
        ReportModel other,
        ReportVerification? verification,
        ReportLatency? latency = null)
    {
        if (original.Macs != other.Macs || original.Parameters != other.Parameters)
        {
            yield return $"{Numbers.Share(other.Macs, original.Macs)} of the MACs and "
                + $"{Numbers.Share(other.Parameters, original.Parameters)} of the parameters are left";
        }

        yield return $"the file has {Numbers.Share(other.FileBytes, original.FileBytes)} of the bytes";
        if ((verification?.Latency ?? latency) is { } race)
        {
            yield return $"{Numbers.Times(race.Speedup)} as fast "
                + $"({Numbers.Between((race.SpeedupLow, race.SpeedupHigh))} with 95 % of probability)";
        }

        if (verification is null)
        {
            yield break;
        }

        yield return $"drift {Numbers.Drift(verification.Drift)}";
        if (verification.Accuracy is { OriginalTop1: { } before, PrunedTop1: { } after })
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"top-1 accuracy {100 * before:0.00} % before and {100 * after:0.00} % after "
                + $"({100 * (after - before):+0.00;-0.00;0.00} points)");
        }
    }

    private static string[] Row(ReportGate gate) =>
    [
        gate.Name,
        gate.Unit,
        Number(gate.Limit),
        gate is { Low: { } low, High: { } high } ? $"{Number(gate.Measured)} ({Number(low)} to {Number(high)})" : Number(gate.Measured),
        gate.Holds ? "yes" : "no",
    ];

    private static string Number(double value) =>
        value is >= 1000 and < 1e15 && value == Math.Floor(value) ? Numbers.Count((long)value) : Chart.Short(value);
}
