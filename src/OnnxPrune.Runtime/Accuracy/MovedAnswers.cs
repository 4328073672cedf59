using OnnxPrune.Runtime.Data;

namespace OnnxPrune.Runtime.Accuracy;

/// <summary>A sample, and the probabilities that two classifiers give to its classes.</summary>
/// <param name="Sample">Its number in the data, from 0 on.</param>
/// <param name="Distance">The part of the softened probability that moved to other classes, 0 to 1.</param>
internal sealed record MovedAnswer(int Sample, double Distance, IReadOnlyList<double> Original, IReadOnlyList<double> Other)
{
    /// <summary>Null without labels.</summary>
    public int? Label { get; init; }

    /// <summary>Null where the sample is no image.</summary>
    public SamplePicture? Picture { get; init; }
}

/// <summary>Gathers the samples whose answers differ most between two classifiers, in one pass over the data.</summary>
/// <remarks>
/// Answers are softened before they are compared, as where cuts are judged: networks are so sure of most images that small differences of
/// their scores would not show.
/// </remarks>
internal sealed class MovedAnswers
{
    /// <summary>The number of samples that are kept.</summary>
    public const int Most = 12;

    /// <summary>The divisor that softens the answers.</summary>
    public const double Temperature = 4;

    private readonly PriorityQueue<MovedAnswer, (double Distance, int Sample)> _most = new();

    /// <param name="original">The scores of a batch, [samples, classes]; as many as those of the other.</param>
    /// <param name="number">The number of a row's sample in the data.</param>
    public void Add(ReadOnlySpan<float> original, ReadOnlySpan<float> other, int classes, Func<int, int> number)
    {
        var areProbabilities = ClassProbabilities.Are(original, classes) && ClassProbabilities.Are(other, classes);
        for (var row = 0; row < original.Length / classes; row++)
        {
            Add(number(row), original.Slice(row * classes, classes), other.Slice(row * classes, classes), areProbabilities);
        }
    }

    /// <summary>Those that moved farthest come first.</summary>
    public IReadOnlyList<MovedAnswer> Report() =>
        [.. _most.UnorderedItems.Select(i => i.Element).OrderByDescending(m => m.Distance).ThenBy(m => m.Sample)];

    private void Add(int sample, ReadOnlySpan<float> original, ReadOnlySpan<float> other, bool areProbabilities)
    {
        var distance = Distance(
            ClassProbabilities.Of(original, areProbabilities, Temperature), ClassProbabilities.Of(other, areProbabilities, Temperature));
        if (distance > 0 && (_most.Count < Most || distance > _most.Peek().Distance))
        {
            var moved = new MovedAnswer(
                sample,
                distance,
                ClassProbabilities.Of(original, areProbabilities),
                ClassProbabilities.Of(other, areProbabilities));

            // Of samples that moved as far, those of lower number stay.
            _most.Enqueue(moved, (distance, -sample));
            if (_most.Count > Most)
            {
                _most.Dequeue();
            }
        }
    }

    private static double Distance(double[] original, double[] other) => original.Zip(other, (p, q) => Math.Abs(p - q)).Sum() / 2;
}
