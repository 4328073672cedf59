namespace OnnxPrune.Runtime.Accuracy;

/// <summary>Counts the right answers of several classifiers label by label.</summary>
/// <param name="sessions">How many classifiers there are.</param>
internal sealed class ClassCounts(int sessions)
{
    private readonly SortedDictionary<int, (int[] Samples, int[] Correct)> _counts = [];

    /// <summary>Adds one classifier's answers to a batch; none where the batch has no labels.</summary>
    public void Add(int session, IReadOnlyList<int> predicted, IReadOnlyList<int> labels)
    {
        for (var i = 0; i < Math.Min(predicted.Count, labels.Count); i++)
        {
            if (!_counts.TryGetValue(labels[i], out var counts))
            {
                _counts.Add(labels[i], counts = (new int[sessions], new int[sessions]));
            }

            counts.Samples[session]++;
            counts.Correct[session] += predicted[i] == labels[i] ? 1 : 0;
        }
    }

    /// <summary>The labels that occurred, growing.</summary>
    public IReadOnlyList<ClassAccuracy> Report() =>
        [.. _counts.Select(c =>
            new ClassAccuracy(c.Key, c.Value.Samples[0], [.. c.Value.Correct.Zip(c.Value.Samples, (right, all) => (double)right / all)]))];
}
