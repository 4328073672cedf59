using System.Collections.Concurrent;

namespace OnnxPrune.Training.Data;

/// <summary>Some augmented samples.</summary>
/// <param name="Inputs">[Count, sample size].</param>
internal sealed record TrainingBatch(float[] Inputs, int[] Labels);

/// <summary>
/// Batches of augmented samples in random order, made on a thread of their own while the trainer computes. What comes depends on the seed,
/// the epoch and the batch's place alone, so that a run can begin anywhere.
/// </summary>
internal sealed class BatchLoader(SampleStore samples, Augmentation augmentation, int batchSize, long seed)
{
    private const int Ahead = 4;
    private readonly int _size = Math.Min(batchSize, samples.Count);

    /// <summary>Batches of one epoch; samples that fill no whole batch wait for another epoch's order.</summary>
    public int BatchesPerEpoch => samples.Count / _size;

    /// <summary>The batches of an epoch, from one place on. A batch is valid until the next one is taken.</summary>
    /// <param name="epoch">Counted over the whole run.</param>
    public IEnumerable<TrainingBatch> Epoch(int epoch, int start = 0)
    {
        var order = new SeededRandom(Mix(epoch, -1)).Permutation(samples.Count);
        using var ready = new BlockingCollection<TrainingBatch>(Ahead);
        using var free = new BlockingCollection<TrainingBatch>();
        using var stop = new CancellationTokenSource();
        for (var i = 0; i < Ahead + 2; i++)
        {
            free.Add(new TrainingBatch(new float[_size * samples.Length], new int[_size]));
        }

        var producer = Task.Factory.StartNew(
            () => Produce(order, epoch, start, free, ready, stop.Token),
            stop.Token,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        try
        {
            for (var at = start; at < BatchesPerEpoch; at++)
            {
                var batch = Take(ready, producer);
                yield return batch;
                free.Add(batch, CancellationToken.None);
            }
        }
        finally
        {
            stop.Cancel();
            ((IAsyncResult)producer).AsyncWaitHandle.WaitOne();
        }
    }

    /// <summary>The first samples without augmentation, to take statistics of.</summary>
    public IEnumerable<TrainingBatch> Plain(int count)
    {
        var order = new SeededRandom(Mix(-1, -1)).Permutation(samples.Count);
        for (var at = 0; at < Math.Min(count, BatchesPerEpoch); at++)
        {
            var batch = new TrainingBatch(new float[_size * samples.Length], new int[_size]);
            Fill(batch, order.AsSpan(at * _size, _size), Augmentation.None, new SeededRandom(0));
            yield return batch;
        }
    }

    private static TrainingBatch Take(BlockingCollection<TrainingBatch> ready, Task producer)
    {
        while (true)
        {
            if (ready.TryTake(out var batch, TimeSpan.FromSeconds(1)))
            {
                return batch;
            }

            // A producer that failed says why.
            if (producer.IsCompleted)
            {
                producer.GetAwaiter().GetResult();
            }
        }
    }

    private void Produce(
        int[] order,
        int epoch,
        int start,
        BlockingCollection<TrainingBatch> free,
        BlockingCollection<TrainingBatch> ready,
        CancellationToken stop)
    {
        try
        {
            for (var at = start; at < BatchesPerEpoch; at++)
            {
                var batch = free.Take(stop);
                Fill(batch, order.AsSpan(at * _size, _size), augmentation, new SeededRandom(Mix(epoch, at)));
                ready.Add(batch, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody wants the rest.
        }
    }

    private void Fill(TrainingBatch batch, ReadOnlySpan<int> order, Augmentation how, SeededRandom random)
    {
        for (var i = 0; i < order.Length; i++)
        {
            batch.Labels[i] = samples.Label(order[i]);
            how.Apply(samples.Sample(order[i]), batch.Inputs.AsSpan(i * samples.Length, samples.Length), samples.SampleSize, random);
        }
    }

    private long Mix(int epoch, int batch) => unchecked((seed * 1_000_003 * 1_000_003) + (epoch * 1_000_003L) + batch);
}
