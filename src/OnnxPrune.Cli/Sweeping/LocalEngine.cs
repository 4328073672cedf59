using OnnxPrune.Cli.Terminals;
using OnnxPrune.Runtime.Processes;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>A process on this machine for each point. They share nothing, but one that fails takes none of the others along.</summary>
internal sealed class LocalEngine(SweepEngine engine, PointStore store, Terminal terminal)
{
    /// <summary>Works on the points until each has a record, or was tried as often as it may be.</summary>
    public void Work(IReadOnlyList<SweepPoint> points) =>
        // Points that are raced side by side would slow each other down, so there is one at a time unless more are asked for.
        Attempts.Make(points, engine.Retries, "tried", store, terminal, some =>
            Parallel.ForEach(some, new ParallelOptions { MaxDegreeOfParallelism = engine.Jobs ?? 1 }, Run));

    private void Run(SweepPoint point)
    {
        var result = ChildProcess.Start([.. PointCommand.For(point.Index)]).Wait(Timeout.InfiniteTimeSpan);
        File.WriteAllText(store.LogOf(point), result.Output + result.Error);
        terminal.Note(
            $"{point.Name}: {(store.Find(point) is { } record ? record.Message ?? "done" : $"no result, exit code {result.ExitCode}")}");
    }
}
