namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>The top-1 accuracy of two models, as shares, each with the interval in which it lies with 95 % of probability.</summary>
internal sealed record AccuracyPair(
    double Before, double After, (double Low, double High)? BeforeInterval, (double Low, double High)? AfterInterval)
{
    /// <summary>Null where it was not measured.</summary>
    public static AccuracyPair? Of(ReportAccuracy? accuracy) => accuracy is { OriginalTop1: { } before, PrunedTop1: { } after }
        ? new AccuracyPair(before, after, Interval(accuracy.OriginalInterval), Interval(accuracy.PrunedInterval))
        : null;

    /// <summary>Null where it was not measured.</summary>
    public static AccuracyPair? Of(TrainedAccuracy? accuracy) => accuracy is not null
        ? new AccuracyPair(
            accuracy.Before, accuracy.After, Interval(accuracy.Before, accuracy.Samples), Interval(accuracy.After, accuracy.Samples))
        : null;

    private static (double Low, double High)? Interval(IReadOnlyList<double>? interval) =>
        interval is [var low, var high] ? (low, high) : null;

    private static (double Low, double High)? Interval(double share, int samples) =>
        Runtime.Accuracy.ModelAccuracy.Interval(share, samples);
}
