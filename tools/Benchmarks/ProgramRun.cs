using System.Diagnostics;
using System.Globalization;

namespace Benchmarks;

/// <summary>A process from its start to its end.</summary>
/// <param name="Cpu">The processor time of all its threads, which other work on the machine moves less than the time on the wall.</param>
/// <param name="PeakBytes">The largest resident set, as Linux records it (VmHWM); read every few milliseconds until the process
/// ends.</param>
internal sealed record ProgramRun(int ExitCode, string Output, string Error, TimeSpan Wall, TimeSpan Cpu, long PeakBytes)
{
    private const int PollMilliseconds = 5;

    public static ProgramRun Of(string file, params string[] arguments)
    {
        var start =
            new ProcessStartInfo(file, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError =
                true
            };
        var cpu = CpuOfChildren();
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var peak = 0L;
        while (!process.WaitForExit(PollMilliseconds))
            peak = Math.Max(peak, PeakOf(process.Id));

        var wall = clock.Elapsed;
        return new ProgramRun(process.ExitCode, output.Result, error.Result, wall, CpuOfChildren() - cpu, peak);
    }

    /// <summary>
    /// The time of all processes that were started here and have ended: fields 16 and 17 of the line, in ticks of a hundredth of a second.
    /// </summary>
    private static TimeSpan CpuOfChildren()
    {
        var line = File.ReadAllText("/proc/self/stat");
        var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds(
            (long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)) / 100.0);
    }

    private static long PeakOf(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null
                ? 0
                : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture)
                    * 1024;
        }
        catch (IOException)
        {
            return 0; // It has just ended.
        }
    }
}
