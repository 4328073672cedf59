namespace OnnxPrune.Runtime.Accuracy;

/// <summary>The answers of a classifier to a batch.</summary>
/// <param name="Classes">Of each sample the class of the largest score, the first where several are as large.</param>
/// <param name="InTop5">How many labels are among the five classes of the largest scores; null without labels, or of so few classes that it
/// tells nothing.</param>
/// <param name="Scores">[samples, classes]; empty where they are not kept.</param>
internal sealed record BatchAnswers(int[] Classes, int? InTop5, float[] Scores);

/// <summary>The classes that a model answered with, batch by batch, for passes over the same samples.</summary>
internal sealed class RecordedAnswers
{
    private readonly List<BatchAnswers> _batches = [];

    /// <summary>The answers to a batch; the model is asked for those that come next.</summary>
    public BatchAnswers Get(int batch, Func<BatchAnswers> ask)
    {
        if (batch == _batches.Count)
        {
            _batches.Add(ask() with { Scores = [] });
        }

        return _batches[batch];
    }
}
