using System.Diagnostics;
using System.Globalization;

namespace OnnxPrune.Runtime.Latency;

/// <summary>
/// The share of the processor that other programs take, while something is measured. Known on Linux only, and where all of its cores are
/// ours to use.
/// </summary>
internal sealed class MachineLoad
{
    private const string Statistics = "/proc/stat";

    // What the kernel counts by, on every architecture: USER_HZ.
    private const double TicksPerSecond = 100;

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly double? _busy = BusySeconds();
    private readonly TimeSpan _own = Own();

    /// <summary>Cores that other programs kept busy since this was made, on average; null where the system does not tell.</summary>
    public double? CoresOfOthers()
    {
        var seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        return _busy is { } before && BusySeconds() is { } after && seconds > 0
            ? Math.Max(0, (after - before - (Own() - _own).TotalSeconds) / seconds)
            : null;
    }

    private static TimeSpan Own()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    /// <summary>
    /// Seconds that all cores together have worked, from the first line: user, nice, system, idle, iowait, irq, softirq, steal.
    /// </summary>
    private static double? BusySeconds()
    {
        try
        {
            string[] lines = File.Exists(Statistics)
                ? [.. File.ReadLines(Statistics).TakeWhile(l => l.StartsWith("cpu", StringComparison.Ordinal))]
                : [];
            if (lines.Length != Environment.ProcessorCount + 1)
            {
                return null;
            }

            var ticks = lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
                .Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray();
            return ticks.Length < 8 || ticks.Sum() == 0 ? null : (ticks.Sum() - ticks[3] - ticks[4]) / TicksPerSecond;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            return null;
        }
    }
}
