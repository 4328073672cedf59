namespace OnnxPrune.Calibration.Activations;

/// <summary>
/// Works on several batches at once and hands over in their order what was made of them, so that sums are the same with any number of
/// threads. Threads that share one batch wait for each other in every operator, which narrow layers make many of.
/// </summary>
internal static class OrderedParallel
{
    // What is computed ahead takes memory. Large images keep several threads busy in each operator.
    private const long MostElements = 1 << 20;
    private const int MostAtOnce = 8;

    /// <summary>The number of batches to work on at once, with so many threads.</summary>
    /// <param name="elements">Of a batch's inputs.</param>
    public static int AtOnce(int batches, long elements, int threads) =>
        (int)Math.Clamp(Math.Min(Math.Min(batches, threads), MostElements / Math.Max(1, elements)), 1, MostAtOnce);

    /// <summary>Makes something of each batch.</summary>
    /// <param name="count">How many batches there are.</param>
    /// <param name="make">Is given the number of a batch; several threads call it at once, where several are worked on.</param>
    /// <returns>The caller disposes what it is handed; what it does not come to is disposed here.</returns>
    public static IEnumerable<T> Run<T>(int count, int atOnce, Func<int, T> make)
        where T : IDisposable => atOnce > 1 ? SeveralAtOnce(count, atOnce, make) : Enumerable.Range(0, count).Select(make);

    /// <summary>The same, and each is disposed when the next one is asked for.</summary>
    /// <inheritdoc cref="Run"/>
    public static IEnumerable<T> Lend<T>(int count, int atOnce, Func<int, T> make)
        where T : IDisposable
    {
        foreach (var made in Run(count, atOnce, make))
        {
            using (made)
            {
                yield return made;
            }
        }
    }

    private static IEnumerable<T> SeveralAtOnce<T>(int count, int atOnce, Func<int, T> make)
        where T : IDisposable
    {
        // Where one batch takes longer, the others go on, but not so far that what they make fills the memory.
        var ahead = new Queue<Task<T>>();
        using var turns = new SemaphoreSlim(atOnce);
        try
        {
            for (var (begun, handed) = (0, 0); handed < count; handed++)
            {
                for (; begun < Math.Min(count, handed + (2 * atOnce)); begun++)
                {
                    var batch = begun;
                    ahead.Enqueue(Task.Run(() => Make(batch)));
                }

                yield return ahead.Dequeue().GetAwaiter().GetResult();
            }
        }
        finally
        {
            foreach (var task in ahead)
            {
                // Another one's failure is already on its way to the caller.
                Task.WaitAny(task);
                if (task.IsCompletedSuccessfully)
                {
                    task.Result.Dispose();
                }
            }
        }

        T Make(int batch)
        {
            turns.Wait();
            try
            {
                return make(batch);
            }
            finally
            {
                turns.Release();
            }
        }
    }
}
