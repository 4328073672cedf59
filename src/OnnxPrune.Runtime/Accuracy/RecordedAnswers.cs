namespace OnnxPrune.Runtime.Accuracy;

/// <summary>The classes that a model answered with, batch by batch, for passes over the same samples.</summary>
internal sealed class RecordedAnswers
{
    private readonly List<int[]> _batches = [];

    /// <summary>The answers to a batch; the model is asked for those that come next.</summary>
    public int[] Get(int batch, Func<int[]> ask)
    {
        if (batch == _batches.Count)
        {
            _batches.Add(ask());
        }

        return _batches[batch];
    }
}
