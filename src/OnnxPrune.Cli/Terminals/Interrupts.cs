using System.Runtime.InteropServices;
using OnnxPrune.Runtime.Processes;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Terminals;

/// <summary>
/// Ctrl-C, SIGTERM and SIGHUP: takes away files that are not complete and then lets the signal do what it does by default, so that the
/// shell sees 130, 143 or 129. Work that can end in order is asked to first.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    private static CancellationTokenSource? s_orderly;
    private static volatile int s_signal;
    private readonly PosixSignalRegistration[] _registrations;

    private Interrupts(params PosixSignalRegistration[] registrations) => _registrations = registrations;

    public static Interrupts Watch() => new(
        PosixSignalRegistration.Create(PosixSignal.SIGINT, CleanUp),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, CleanUp),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, CleanUp));

    /// <summary>The number (after POSIX) of the signal that asked orderly work to end; 0 when none has.</summary>
    public static int Signal => s_signal;

    /// <summary>Runs work that the first signal asks to end by itself; the second one ends it as any other work.</summary>
    public static T Orderly<T>(Func<CancellationToken, T> work)
    {
        using var stop = new CancellationTokenSource();
        s_orderly = stop;
        try
        {
            return work(stop.Token);
        }
        finally
        {
            s_orderly = null;
        }
    }

    private static void CleanUp(PosixSignalContext context)
    {
        if (s_orderly is { IsCancellationRequested: false } work)
        {
            context.Cancel = true;
            s_signal = context.Signal switch { PosixSignal.SIGHUP => 1, PosixSignal.SIGTERM => 15, _ => 2 };
            work.Cancel();
            return;
        }

        ChildProcess.EndAll();
        AtomicFile.AbandonAll();
        Progress.ShowCursor();
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }
}
