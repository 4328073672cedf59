using OnnxPrune.Runtime.Comparing;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>A report of a session's progress.</summary>
/// <param name="Step">The running step, such as "repairing"; empty for a note.</param>
/// <param name="Share">The share of the step that is done, 0 to 1.</param>
/// <param name="Note">A sentence to tell the user; null for mere progress.</param>
public readonly record struct SessionProgress(string Step, double Share, string? Note = null);

/// <summary>Hands a run's steps to a caller's <see cref="IProgress{T}"/>.</summary>
internal sealed class ProgressObserver(IProgress<SessionProgress>? progress, CancellationToken cancellation) : IRunObserver
{
    public CancellationToken Cancellation => cancellation;

    public T Timed<T>(string step, Func<T> work)
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new SessionProgress(step, 0));
        var result = work();
        progress?.Report(new SessionProgress(step, 1));
        return result;
    }

    public T Watched<T>(string step, Func<IProgress<double>, T> work) => Timed(step, () => work(new OfStep(step, progress)));

    public void Note(string text) => progress?.Report(new SessionProgress("", 0, text));

    public void Point(string text) => progress?.Report(new SessionProgress("", 0, $"tried: {text}"));

    private sealed class OfStep(string step, IProgress<SessionProgress>? progress) : IProgress<double>
    {
        public void Report(double value) => progress?.Report(new SessionProgress(step, value));
    }
}
