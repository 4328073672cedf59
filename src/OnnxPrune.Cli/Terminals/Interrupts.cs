using System.Runtime.InteropServices;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Terminals;

/// <summary>
/// Ctrl-C and SIGTERM: takes away files that are not complete and then lets the signal do what it does by default, so that the
/// shell sees 130 or 143.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;

    private Interrupts(params PosixSignalRegistration[] registrations) => _registrations = registrations;

    public static Interrupts Watch() => new(
        PosixSignalRegistration.Create(PosixSignal.SIGINT, CleanUp),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, CleanUp),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, CleanUp));

    private static void CleanUp(PosixSignalContext context)
    {
        PendingFile.AbandonAll();
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
