using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>Work on points by processes, any of which may end without a result.</summary>
internal static class Attempts
{
    /// <summary>Has points worked on until each has a record, or was tried as often as it may be.</summary>
    /// <param name="retries">How often a point is tried after the first time.</param>
    /// <param name="again">The word for that: "is tried again".</param>
    /// <param name="work">Works on some points, and returns when their processes have ended.</param>
    public static void Make(
        IReadOnlyList<SweepPoint> points, int retries, string again, PointStore store, Terminal terminal,
        Action<IReadOnlyList<SweepPoint>> work)
    {
        for (var left = retries; ; left--)
        {
            work(points);
            points = [.. points.Where(p => store.Find(p) is null)];
            if (points.Count == 0 || left == 0)
            {
                return;
            }

            var names = string.Join(", ", points.Select(p => p.Name));
            terminal.Note($"{names} ended without a result, and {(points.Count == 1 ? "is" : "are")} {again} again.");
        }
    }
}
