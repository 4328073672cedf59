namespace OnnxPrune.Calibration.Activations;

/// <summary>
/// Two things at once, such as the same step in the original and in the pruned network: loading a part of a network keeps one thread busy,
/// and takes about as long as to run it on some images.
/// </summary>
internal static class Concurrently
{
    /// <summary>Returns when both have ended; of two failures, the first one's is told.</summary>
    /// <param name="threads">0 for one per core; with 1, the second waits for the first.</param>
    public static void Run(Action first, Action second, int threads)
    {
        if (threads == 1)
        {
            first();
            second();
            return;
        }

        var other = Task.Run(second);
        try
        {
            first();
        }
        finally
        {
            Task.WaitAny(other);
        }

        other.GetAwaiter().GetResult();
    }

    /// <summary>Opens both; where one of them fails, the other one is closed again.</summary>
    /// <inheritdoc cref="Run"/>
    public static (T First, T Second) Open<T>(Func<T> first, Func<T> second, int threads)
        where T : class, IDisposable
    {
        var (one, other) = (default(T), default(T));
        try
        {
            Run(() => one = first(), () => other = second(), threads);
            return (one!, other!);
        }
        catch
        {
            one?.Dispose();
            other?.Dispose();
            throw;
        }
    }
}
