using OnnxPrune.Cli.Reports.Charts;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>
/// The loss of a point: of the user's score, else points of accuracy, else the drift. Comparable between points of one model.
/// </summary>
/// <param name="Unit">For the axis of a drawing.</param>
/// <param name="Text">In words.</param>
internal sealed record PointLoss(double Value, string Unit, string Text)
{
    /// <param name="record">Of a point that is done.</param>
    public static PointLoss Of(PointRecord record) => record.Verification! switch
    {
        { Score: { } score } => new(score.Drop, "loss of score", $"{Chart.Short(score.Drop)} of the score lost"),
        { Accuracy: { OriginalTop1: { } before, PrunedTop1: { } after } } => new(
            100 * (before - after),
            "points of top-1 accuracy lost",
            FormattableString.Invariant($"{100 * (before - after):0.00} points of top-1 accuracy lost")),
        { Drift: var drift } => new(drift, "drift", $"a drift of {Numbers.Drift(drift)}"),
    };
}
