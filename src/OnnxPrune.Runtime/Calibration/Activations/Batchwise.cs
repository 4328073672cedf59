namespace OnnxPrune.Runtime.Calibration.Activations;

/// <summary>
/// Works on several batches at once and hands over in their order what was made of them, so that sums are the same with any number of threads. Threads that share one batch wait for
/// each other in every operator; of narrow layers that was a fifth of all time.
/// </summary>
internal static class Batchwise
{
    // What is computed ahead takes memory.
    private const int MostAtOnce = 8;

    /// <summary>How many batches to work on at once, with so many threads.</summary>
    public static int AtOnce(int batches, int threads) => Math.Clamp(Math.Min(batches, threads), 1, MostAtOnce);

    /// <summary>Makes something of each batch.</summary>
    /// <param name="count">How many batches there are.</param>
    /// <param name="make">Is given the number of a batch; several threads call it at once.</param>
    /// <returns>The caller disposes what it is handed; what it does not come to is disposed here.</returns>
    public static IEnumerable<T> Run<T>(int count, int atOnce, Func<int, T> make)
        where T : IDisposable
    {
        var ahead = new Queue<Task<T>>();
        try
        {
            for (var (begun, handed) = (0, 0); handed < count; handed++)
            {
                for (; begun < Math.Min(count, handed + atOnce); begun++)
                {
                    var batch = begun;
                    ahead.Enqueue(Task.Run(() => make(batch)));
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
    }
}
