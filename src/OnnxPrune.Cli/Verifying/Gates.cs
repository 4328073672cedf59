using System.Globalization;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Cli.Verifying;

/// <summary>The limits within which one model may take the other's place.</summary>
internal static class Gates
{
    // Zeros in the place of all outputs have this error.
    private const double NothingLeft = 1;

    /// <exception cref="VerificationFailedException">A limit is missed, or the models are unrelated.</exception>
    /// <exception cref="UsageException">A limit of accuracy was given with data that have no labels.</exception>
    public static void Check(VerifyOptions options, Comparison comparison)
    {
        var missed = Missed(options, comparison).Concat(WhyUnrelated(comparison) is { } why ? [why] : []).ToArray();
        if (missed.Length > 0)
        {
            throw new VerificationFailedException(string.Join(" ", missed));
        }
    }

    private static IEnumerable<string> Missed(VerifyOptions options, Comparison comparison)
    {
        LossLimits.RequireLabels(options.MaxDrop, comparison);
        foreach (var gate in LossGate.Of(options.MaxDrift, options.MaxDrop, comparison).Where(g => !g.Holds))
        {
            yield return $"{gate.Miss}.";
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
