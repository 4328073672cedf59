using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Sandbox.Loading;

namespace OnnxPrune.Sandbox;

/// <summary>
/// The program of a process that answers requests: see <see cref="Answer"/>. It is started as a program of its own; but a program that is
/// one file, with nothing beside it that could be started, serves as this one too, when its first argument says so.
/// </summary>
public static class SandboxProgram
{
    /// <summary>The first argument of a process that is to be a sandbox; the name of a <see cref="SandboxTask"/> follows.</summary>
    public const string Argument = "--onnxprune-sandbox";

    // The parent's patience ends earlier. This is for a parent that is no longer there, and a request whose answer has no end.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2) + PatienceAskedFor;

    private static TimeSpan PatienceAskedFor =>
        double.TryParse(Environment.GetEnvironmentVariable("ONNXPRUNE_TIME_LIMIT"), CultureInfo.InvariantCulture, out var seconds)
            && seconds is > 0 and < 1e6
            ? TimeSpan.FromSeconds(seconds)
            : TimeSpan.Zero;

    /// <summary>True if processes of this program can be sandboxes: its entry point has asked <see cref="IsAskedFor"/>.</summary>
    public static bool IsServed { get; private set; }

    /// <summary>True if this process is to be a sandbox. For the first line of an entry point, with <see cref="Run"/> behind it.</summary>
    public static bool IsAskedFor(string[] arguments)
    {
        IsServed = true;
        return arguments is [Argument, _];
    }

    /// <summary>Answers requests until stdin ends.</summary>
    /// <param name="task">The name of a <see cref="SandboxTask"/>.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string task)
    {
        // A whole group of processes gets the terminal's signals; when this one ends is for its parent to say, by closing stdin.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static signal => signal.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, static signal => signal.Cancel = true);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static signal => signal.Cancel = true);

        using var self = Process.GetCurrentProcess();
        using var limit = new Timer(_ => self.Kill(), null, s_patience, Timeout.InfiniteTimeSpan);

        using var requests = new BinaryReader(new BufferedStream(Console.OpenStandardInput()));
        using var answers = new BinaryWriter(new BufferedStream(Console.OpenStandardOutput()));
        try
        {
            using IWorker worker = Enum.Parse<SandboxTask>(task) switch
            {
                SandboxTask.Load => new Loader(),
                var unknown => throw new ArgumentException($"There is no worker for {unknown}."),
            };
            answers.Write((byte)Answer.Ready);
            answers.Flush();
            while (true)
            {
                limit.Change(Timeout.Infinite, Timeout.Infinite);
                var request = requests.ReadBytes(requests.ReadInt32());
                limit.Change(s_patience, Timeout.InfiniteTimeSpan);
                worker.Do(request, answers);
                answers.Flush();
            }
        }
        catch (Exception e) when (e is OnnxRuntimeException or DllNotFoundException or TypeInitializationException)
        {
            answers.Write((byte)Answer.NotInstalled);
            answers.Write(e.Message);
        }
        catch (IOException)
        {
            // The parent is done.
        }

        return 0;
    }
}
