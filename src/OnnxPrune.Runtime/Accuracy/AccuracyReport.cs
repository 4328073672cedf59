namespace OnnxPrune.Runtime.Accuracy;

/// <summary>How several classifiers did on the same samples.</summary>
/// <param name="Samples">How many samples were run.</param>
/// <param name="Models">One per session, in the order they were given.</param>
public sealed record AccuracyReport(int Samples, IReadOnlyList<ModelAccuracy> Models);

/// <summary>One classifier.</summary>
/// <param name="Top1">The share of samples whose largest output is the label, 0 to 1; null without labels.</param>
/// <param name="Agreement">The share of samples for which it predicts what the first session predicts, 0 to 1.</param>
public sealed record ModelAccuracy(string Model, double? Top1, double Agreement)
{
    /// <summary>The standard error of <see cref="Top1"/> over so many samples, 0 to 1.</summary>
    public static double StandardError(double top1, int samples) => Math.Sqrt(top1 * (1 - top1) / samples);
}
