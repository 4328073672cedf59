using System.Globalization;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Accuracy;

namespace OnnxPrune.Cli.Verifying;

/// <summary>True if one model may take the other's place.</summary>
internal static class Gates
{
    // Zeros in the place of all outputs have this error.
    private const double NothingLeft = 1;

    /// <exception cref="VerificationFailedException">A limit is missed, or the models are unrelated.</exception>
    /// <exception cref="UsageException">A limit of accuracy was given with data that have no labels.</exception>
    public static void Check(VerifyOptions options, Comparison comparison)
    {
        var missed = Missed(options, comparison).Append(WhyUnrelated(comparison)).OfType<string>().ToArray();
        if (missed.Length > 0)
        {
            throw new VerificationFailedException(string.Join(" ", missed));
        }
    }

    private static IEnumerable<string?> Missed(VerifyOptions options, Comparison comparison)
    {
        if (options.MaxDrift is { } drift && !(comparison.Drift.Total <= drift))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture, $"The drift of {comparison.Drift.Total:0.####} exceeds --max-drift {drift}.");
        }

        if (options.MaxDrop is { } most && comparison.Score is { } score)
        {
            yield return score.Drop > most
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"The loss of {score.Drop:0.####} of the score {score.Original:0.####} exceeds --max-drop {most}.")
                : null;
        }
        else if (options.MaxDrop is { } drop)
        {
            var lost = comparison.Accuracy?.Models is [{ Top1: { } before }, { Top1: { } after }]
                ? LossLimits.Drop(before, after)
                : throw LossLimits.NoLabels(comparison.AccuracyData);
            yield return lost > drop
                ? string.Create(CultureInfo.InvariantCulture, $"The loss of {lost:0.##} points of accuracy exceeds --max-drop {drop}.")
                : null;
        }

        if (options.MinSpeedup is { } speedup && !(comparison.Latency.Speedup >= speedup))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{comparison.Latency.Speedup:0.00} times as fast ({Numbers.Between(comparison.Latency.SpeedupInterval)}) is less than "
                    + $"--min-speedup {speedup}.");
        }
    }

    /// <summary>Why the two have nothing in common, as a sentence; null where they have.</summary>
    private static string? WhyUnrelated(Comparison comparison)
    {
        // Answers to real samples say more than outputs for noise.
        if (comparison.Accuracy is { } accuracy)
        {
            return accuracy.Models[^1] is { Agreement: < 1 } other
                && ModelAccuracy.Interval(other.Agreement, accuracy.Samples).Low <= other.ChanceAgreement
                ? string.Create(
                CultureInfo.InvariantCulture,
                    $"The models are unrelated: they give the same answer to {100 * other.Agreement:0.0} % of {accuracy.Samples} samples, "
                        + $"and chance alone would give {100 * other.ChanceAgreement:0.0} %.")
                : null;
        }

        return comparison.Drift.Total >= NothingLeft
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"The models are unrelated on {comparison.DriftInputs}: with a drift of {comparison.Drift.Total:0.##}, the outputs of the "
                    + $"second are as far from those of the first as zeros are, or farther; --data has the answers compared.")
            : null;
    }
}
