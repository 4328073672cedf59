using System.Text.Json.Serialization;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Data;

namespace OnnxPrune.Cli.Reports;

/// <summary>An image that the two models answer differently.</summary>
/// <param name="Sample">Its number in the data, from 0 on.</param>
/// <param name="File">Null where it lies among others in one.</param>
/// <param name="Label">Null without labels.</param>
/// <param name="Distance">The part of the softened probability that moved to other classes, 0 to 1.</param>
/// <param name="OriginalClass">The answer of the original, as of the other.</param>
/// <param name="Classes">The likeliest classes of both models, and that of the label.</param>
internal sealed record ReportMoved(
    int Sample, string? File, int? Label, double Distance, int OriginalClass, int PrunedClass, IReadOnlyList<ReportMovedClass> Classes)
{
    private const int LikeliestOfEach = 2;

    /// <summary>The image itself, for people.</summary>
    [JsonIgnore]
    public SamplePicture? Picture { get; init; }

    public static ReportMoved Of(MovedAnswer moved)
    {
        int[] before = [.. Likeliest(moved.Original)];
        int[] after = [.. Likeliest(moved.Other)];
        return new ReportMoved(
            moved.Sample,
            moved.Picture?.File,
            moved.Label,
            moved.Distance,
            before[0],
            after[0],
            [.. before.Concat(after)
                .Concat(moved.Label is { } label ? [label] : [])
                .Distinct()
                .OrderByDescending(c => Math.Max(moved.Original[c], moved.Other[c]))
                .Select(c => new ReportMovedClass(c, moved.Original[c], moved.Other[c]))])
        {
            Picture = moved.Picture,
        };
    }

    private static IEnumerable<int> Likeliest(IReadOnlyList<double> probabilities) =>
        Enumerable.Range(0, probabilities.Count).OrderByDescending(c => probabilities[c]).Take(LikeliestOfEach);
}

/// <summary>The probabilities of a class, 0 to 1.</summary>
internal sealed record ReportMovedClass(int Class, double Original, double Pruned);
