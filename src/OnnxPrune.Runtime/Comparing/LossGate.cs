using static System.FormattableString;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>A limit of loss, and what a comparison has measured of it.</summary>
/// <param name="Option">As on the command line.</param>
/// <param name="Unit">Of the limit and of what was measured.</param>
/// <param name="Miss">The sentence for a limit that is missed, without its full stop.</param>
internal sealed record LossGate(string Option, string Unit, double Limit, double Measured, bool Holds, string Miss)
{
    /// <summary>The limits that the comparison can judge.</summary>
    /// <param name="drift">The largest relative output error; null for any.</param>
    /// <param name="drop">The most points of top-1 accuracy that may be lost, or of the user's own score; null for any.</param>
    /// <param name="rounding">The factor by which the drift may pass its limit.</param>
    public static IEnumerable<LossGate> Of(double? drift, double? drop, Comparison comparison, double rounding = 1)
    {
        if (drift is { } limit)
        {
            var measured = comparison.Drift.Total;
            yield return new LossGate(
                "--max-drift", "relative output error", limit, measured, measured <= limit * rounding,
                Invariant($"The drift of {measured:0.####} exceeds --max-drift {limit}"));
        }

        if (drop is { } most && comparison.Score is { } score)
        {
            yield return new LossGate(
                "--max-drop", "of the score", most, score.Drop, score.Drop <= most,
                Invariant($"The loss of {score.Drop:0.####} of the score {score.Original:0.####} exceeds --max-drop {most}"));
        }
        else if (drop is { } points && comparison.Accuracy is { Models: [{ Top1: { } before }, { Top1: { } after }] })
        {
            var lost = LossLimits.Drop(before, after);
            yield return new LossGate(
                "--max-drop", "points of top-1 accuracy", points, lost, lost <= points,
                Invariant($"The loss of {lost:0.##} points of accuracy exceeds --max-drop {points}"));
        }
    }
}
