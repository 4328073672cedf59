using System.Diagnostics;
using System.Globalization;

namespace Fuzzing.Runs;

/// <summary>A worker in a process of its own, with less memory than the machine has. Ends with this object.</summary>
internal sealed class WorkerProcess : IDisposable
{
    // Of the managed heap, and of all that the process maps: what .NET reserves, the runtime's library and its arenas.
    private const string HeapLimit = "0x60000000";
    private const long AddressSpaceKilobytes = 12L << 20;

    // On a busy machine a worker waits for others; it hangs when it works for so long, or stands still for much longer.
    private const int LongestWaitInPatiences = 20;

    private readonly Process _process;
    private readonly Task<string> _error;

    private WorkerProcess(Process process) => (_process, _error) = (process, process.StandardError.ReadToEndAsync());

    public static WorkerProcess Start(CaseId first, string? program)
    {
        string[] arguments =
        [
            Environment.ProcessPath!, typeof(WorkerProcess).Assembly.Location, "work", "--target", first.Target,
            "--seed", first.Seed.ToString(CultureInfo.InvariantCulture), "--from", first.Index.ToString(CultureInfo.InvariantCulture),
            .. program is null ? Array.Empty<string>() : ["--program", program],
        ];
        var start = new ProcessStartInfo(
            "bash",
            ["-c", FormattableString.Invariant($"ulimit -c 0; ulimit -v {AddressSpaceKilobytes}; exec \"$0\" \"$@\""), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["DOTNET_gcServer"] = "0";
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>The next line; null when the process has ended.</summary>
    /// <param name="patience">How much processor time may pass until it comes.</param>
    /// <exception cref="TimeoutException">There was none for so long.</exception>
    public string? ReadLine(TimeSpan patience)
    {
        var line = _process.StandardOutput.ReadLineAsync();
        var start = ProcessorTime();
        for (var waits = 0; waits < LongestWaitInPatiences && ProcessorTime() - start < patience; waits++)
        {
            if (line.Wait(patience))
            {
                return line.Result;
            }
        }

        throw new TimeoutException();
    }

    private TimeSpan ProcessorTime()
    {
        _process.Refresh();
        return _process.HasExited ? TimeSpan.Zero : _process.TotalProcessorTime;
    }

    /// <summary>The exit code of the process, and the last that it said about it.</summary>
    public (int ExitCode, string Error) End()
    {
        _process.WaitForExit();
        return (_process.ExitCode, _error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.WaitForExit();
        _process.Dispose();
    }
}
