using System.Globalization;
using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The accuracy of both models, also class by class.</summary>
internal static class AccuracySection
{
    private const int Drawn = 20;

    public static Section Of(ReportAccuracy accuracy)
    {
        ReportClass[] changed = [.. accuracy.Classes
            .OrderByDescending(c => Math.Abs(c.PrunedTop1 - c.OriginalTop1))
            .ThenBy(c => c.Label)
            .Take(Drawn)
            .OrderBy(c => c.Label)];
        return new Section(
            "accuracy",
            "Accuracy",
            Element.Of("p", Summary(accuracy)),
            changed.Length == 0 ? null : BarChart.Of(
                "classes",
                "Accuracy by class",
                accuracy.Classes.Count > Drawn
                    ? $"The {Drawn} classes of {accuracy.Classes.Count} whose accuracy changed most; the table has all."
                    : "The share of each class's samples that is right.",
                [.. changed.Select(Bars)],
                "original",
                "result"),
            changed.Length == 0 ? null : Table.Folded(
                "Accuracy by class",
                ["Class", "Samples", "Original", "Result", "Points"],
                accuracy.Classes.Select(c => new[]
                {
                    Numbers.Plain(c.Label),
                    Numbers.Count(c.Samples),
                    Percent(c.OriginalTop1),
                    Percent(c.PrunedTop1),
                    Points(c.PrunedTop1 - c.OriginalTop1),
                })));
    }

    private static string Summary(ReportAccuracy accuracy)
    {
        var same = string.Create(
            CultureInfo.InvariantCulture,
            $"Both models answer alike for {100 * accuracy.Agreement:0.0} % of {Numbers.Count(accuracy.Samples, "sample")} "
            + $"({100 * accuracy.ChanceAgreement:0.0} % would be chance): {accuracy.Data}.");
        return accuracy is { OriginalTop1: { } before, PrunedTop1: { } after }
            && accuracy is { OriginalInterval: [var a, var b], PrunedInterval: [var c, var d] }
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Top-1: {100 * before:0.00} % ({100 * a:0.0} to {100 * b:0.0} % with 95 % of probability) before, "
                + $"{100 * after:0.00} % ({100 * c:0.0} to {100 * d:0.0} %) after. {Top5(accuracy)}{same}")
            : same;
    }

    private static string Top5(ReportAccuracy accuracy) => accuracy is { OriginalTop5: { } before, PrunedTop5: { } after }
        ? string.Create(CultureInfo.InvariantCulture, $"Top-5: {100 * before:0.00} % before, {100 * after:0.00} % after. ")
        : "";

    private static BarPair Bars(ReportClass one) =>
        new($"Class {one.Label}", $"{Percent(one.OriginalTop1)} to {Percent(one.PrunedTop1)}", one.OriginalTop1, one.PrunedTop1);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    private static string Points(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:+0.0;-0.0;0.0}");
}
