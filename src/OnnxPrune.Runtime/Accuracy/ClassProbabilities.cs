namespace OnnxPrune.Runtime.Accuracy;

/// <summary>The probabilities of classes from the scores of a classifier, which may be logits or probabilities themselves.</summary>
internal static class ClassProbabilities
{
    private const double Tolerance = 1e-3;

    /// <param name="scores">One per class.</param>
    /// <param name="areProbabilities">Whether they are none but probabilities.</param>
    /// <param name="temperature">The divisor that softens them, as in distillation (Hinton et al. 2015); 1 leaves them as they are.</param>
    public static double[] Of(ReadOnlySpan<float> scores, bool areProbabilities, double temperature = 1)
    {
        var largest = double.NegativeInfinity;
        var powers = new double[scores.Length];
        for (var i = 0; i < powers.Length; i++)
        {
            powers[i] = (areProbabilities ? Math.Log(scores[i]) : scores[i]) / temperature;
            largest = Math.Max(largest, powers[i]);
        }

        var sum = 0.0;
        foreach (ref var power in powers.AsSpan())
        {
            power = Math.Exp(power - largest);
            sum += power;
        }

        return Array.ConvertAll(powers, p => p / sum);
    }

    /// <summary>True if the scores of every sample are probabilities. Logits of a single one may look like some.</summary>
    /// <param name="scores">[samples, classes].</param>
    public static bool Are(ReadOnlySpan<float> scores, int classes)
    {
        for (var row = 0; row < scores.Length; row += classes)
        {
            if (!AddUpToOne(scores.Slice(row, classes)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AddUpToOne(ReadOnlySpan<float> scores)
    {
        var sum = 0.0;
        foreach (var score in scores)
        {
            if (score < 0)
            {
                return false;
            }

            sum += score;
        }

        return Math.Abs(sum - 1) <= Tolerance;
    }
}
