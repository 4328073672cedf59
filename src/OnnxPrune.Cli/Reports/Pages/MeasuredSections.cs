using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The measurements of two models side by side: latency, outputs, accuracy.</summary>
internal static class MeasuredSections
{
    /// <param name="verification">Null where they were not run: then there are none.</param>
    public static IEnumerable<Section> Of(ReportVerification? verification)
    {
        if (verification is null)
        {
            yield break;
        }

        yield return LatencySection.Of(verification.Latency, verification.SubnormalWeights);
        if (verification.LayerTimes is { } times)
        {
            yield return LayerTimesSection.Of(times);
        }

        yield return new Section(
            "outputs",
            "Outputs",
            Element.Of("p", $"Relative error of all outputs together: {Numbers.Drift(verification.Drift)}, on {verification.DriftInputs}."),
            Table.Of(
                "Outputs of the result against those of the original",
                ["Output", "Relative error", "Largest error", "Equal elements"],
                verification.Outputs.Select(o => new[]
                {
                    o.Name,
                    o.RelativeError is { } relative ? Numbers.Drift(relative) : "",
                    o.LargestError is { } largest ? Chart.Short(largest) : "",
                    o.EqualShare is { } equal ? Numbers.Percent(equal) : "",
                })));
        if (verification.Accuracy is { } accuracy)
        {
            yield return AccuracySection.Of(accuracy);
            if (MovedSection.Of(accuracy) is { } moved)
            {
                yield return moved;
            }
        }
    }
}
