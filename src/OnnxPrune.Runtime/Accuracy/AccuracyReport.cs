namespace OnnxPrune.Runtime.Accuracy;

/// <summary>Results of several classifiers on the same samples.</summary>
/// <param name="Samples">How many samples were run.</param>
/// <param name="Models">One per session, in the order they were given.</param>
public sealed record AccuracyReport(int Samples, IReadOnlyList<ModelAccuracy> Models)
{
    /// <summary>The same by label, for the labels that occur; empty without labels.</summary>
    internal IReadOnlyList<ClassAccuracy> Classes { get; init; } = [];
}

/// <summary>The accuracy of several classifiers on the samples of one label.</summary>
/// <param name="Top1">The share that is right, 0 to 1, of each session.</param>
internal sealed record ClassAccuracy(int Label, int Samples, IReadOnlyList<double> Top1);

/// <summary>One classifier.</summary>
/// <param name="Top1">The share of samples whose largest output is the label, 0 to 1; null without labels.</param>
/// <param name="Agreement">The share of samples for which it predicts what the first session predicts, 0 to 1.</param>
public sealed record ModelAccuracy(string Model, double? Top1, double Agreement)
{
    /// <summary>
    /// The share of samples whose label is among the five largest outputs, 0 to 1; null without labels or of fewer than 20 classes.
    /// </summary>
    public double? Top5 { get; init; }

    /// <summary>
    /// The share of samples on which two classifiers would agree that answer as often as these two, class by class, and know nothing of
    /// each other.
    /// </summary>
    public double ChanceAgreement { get; init; }

    /// <summary>
    /// The interval in which a share lies with 95 % of probability that was found on so many samples (Wilson, 1927), 0 to 1.
    /// </summary>
    public static (double Low, double High) Interval(double share, int samples)
    {
        const double Z = 1.959964;
        var n = (double)samples;
        var centre = (share + (Z * Z / (2 * n))) / (1 + (Z * Z / n));
        var half = Z / (1 + (Z * Z / n)) * Math.Sqrt((share * (1 - share) / n) + (Z * Z / (4 * n * n)));
        return (Math.Max(0, centre - half), Math.Min(1, centre + half));
    }
}
