using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Accuracy;

/// <summary>
/// Top-1 and top-5 accuracy of classifiers, several side by side in one pass over the data, and how often they agree with the first.
/// </summary>
internal static class AccuracyMeter
{
    // Guessing among fewer is often right with five tries.
    private const int FewestClassesOfTop5 = 20;
    private const int Tries = 5;

    /// <summary>Runs all sessions over the data, batch by batch.</summary>
    /// <param name="sessions">One or more with the same inputs; the first output of each, [N, classes] (further axes of 1 are fine), is
    /// judged.</param>
    /// <param name="indices">Which samples; null for all. See <see cref="DataBatches.Sample"/>.</param>
    /// <param name="progress">Is told the share of samples that is done, 0 to 1.</param>
    /// <exception cref="UsageException">The data do not fit a model, a model is no classifier, or a label exceeds its classes.</exception>
    /// <exception cref="UnsupportedModelException">The runtime fails.</exception>
    public static AccuracyReport Measure(
        IReadOnlyList<OnnxSession> sessions,
        IDataSource data,
        IReadOnlyList<int>? indices = null,
        int batch = 32,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sessions.Count);
        return Measure(sessions, data, indices, batch, new RecordedAnswers(), null, progress, cancellation);
    }

    /// <summary>The same of an original and another model, where the original may have answered before.</summary>
    /// <param name="recorded">The original's answers to these samples, which are recorded where there are none yet.</param>
    /// <param name="moved">Gathers the samples whose answers differ most; the original is asked anew then. Null for nobody.</param>
    internal static AccuracyReport Measure(
        OnnxSession original,
        OnnxSession other,
        IDataSource data,
        IReadOnlyList<int> indices,
        RecordedAnswers recorded,
        IProgress<double>? progress,
        MovedAnswers? moved = null) =>
        Measure([original, other], data, indices, 32, recorded, moved, progress, CancellationToken.None);

    private static AccuracyReport Measure(
        IReadOnlyList<OnnxSession> sessions, IDataSource data, IReadOnlyList<int>? indices, int batch, RecordedAnswers recorded,
        MovedAnswers? moved, IProgress<double>? progress, CancellationToken cancellation)
    {
        var total = indices?.Count ?? data.Count;
        var (correct, agreed) = (new int[sessions.Count], new int[sessions.Count]);
        var inTop5 = new int?[sessions.Count];
        var answers = Array.ConvertAll(correct, _ => new Dictionary<int, int>());
        var classes = new ClassCounts(sessions.Count);
        var done = 0;
        int Number(int row) => indices?[done + row] ?? done + row;
        foreach (var (index, samples) in data.Batches(sessions[0].Inputs, indices, batch).Index())
        {
            cancellation.ThrowIfCancellationRequested();
            BatchAnswers? first = null;
            for (var s = 0; s < sessions.Count; s++)
            {
                var predicted = s == 0 && moved is null
                    ? recorded.Get(index, () => Predict(sessions[0], samples))
                    : Predict(sessions[s], samples);
                first ??= predicted;
                agreed[s] += Equal(predicted.Classes, first.Classes);
                Count(answers[s], predicted.Classes);
                correct[s] += Equal(predicted.Classes, samples.Labels);
                inTop5[s] = predicted.InTop5 is { } right ? (inTop5[s] ?? 0) + right : null;
                classes.Add(s, predicted.Classes, samples.Labels);
                if (s == sessions.Count - 1)
                {
                    moved?.Add(first.Scores, predicted.Scores, first.Scores.Length / first.Classes.Length, Number);
                }
            }

            done += first!.Classes.Length;
            progress?.Report(Math.Min(1, (double)done / total));
        }

        return new AccuracyReport(done, [.. sessions.Select((s, i) =>
            new ModelAccuracy(s.Model, data.HasLabels ? (double)correct[i] / done : null, (double)agreed[i] / done)
            {
                Top5 = (double?)inTop5[i] / done,
                ChanceAgreement = answers[0].Sum(a => (double)a.Value / done * answers[i].GetValueOrDefault(a.Key) / done),
            })])
        {
            Classes = classes.Report(),
        };
    }

    private static void Count(Dictionary<int, int> answers, int[] predicted)
    {
        foreach (var answer in predicted)
        {
            answers[answer] = answers.GetValueOrDefault(answer) + 1;
        }
    }

    private static BatchAnswers Predict(OnnxSession session, DataBatch batch)
    {
        var output = session.Outputs[0];
        var scores = session.Run(batch.Inputs, [output.Name])[output.Name];
        var rows = scores.Rank > 0 ? scores.Dims[0] : 0;
        var classes = rows == 0 ? 0 : scores.Count / rows;
        if (!scores.ElementType.IsFloatingPoint() || scores.Rank < 2 || classes != scores.Dims[1] || classes < 2 || rows < batch.Count)
        {
            throw new UsageException(
                $"{SessionFailure.Quote(session.Model)} is no classifier: its first output '{output.Name}' is {scores}, where [N, classes] "
                    + "is wanted.");
        }

        if (batch.Labels.Count > 0 && batch.Labels.Max() is var largest && largest >= classes)
        {
            throw new UsageException(
                $"The data have the label {largest}, but {SessionFailure.Quote(session.Model)} tells just {classes} classes apart.");
        }

        var values = scores.ToFloats();
        var predicted = new int[batch.Count];
        int? inTop5 = classes < FewestClassesOfTop5 || batch.Labels.Count == 0 ? null : 0;
        for (var i = 0; i < predicted.Length; i++)
        {
            var row = values.AsSpan((int)(i * classes), (int)classes);
            predicted[i] = Largest(row);
            inTop5 += inTop5 is not null && Place(row, batch.Labels[i]) < Tries ? 1 : 0;
        }

        return new BatchAnswers(predicted, inTop5, values[..(int)(predicted.Length * classes)]);
    }

    /// <summary>The number of classes that come before one by their scores, of equal ones those of lower number.</summary>
    private static int Place(ReadOnlySpan<float> scores, int label)
    {
        var before = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            before += scores[i] > scores[label] || (scores[i] == scores[label] && i < label) ? 1 : 0;
        }

        return before;
    }

    private static int Largest(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            best = scores[i] > scores[best] ? i : best;
        }

        return best;
    }

    private static int Equal(int[] predicted, IReadOnlyList<int> expected)
    {
        var equal = 0;
        for (var i = 0; i < Math.Min(predicted.Length, expected.Count); i++)
        {
            equal += predicted[i] == expected[i] ? 1 : 0;
        }

        return equal;
    }
}
