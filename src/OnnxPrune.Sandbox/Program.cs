using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Sandbox;
using OnnxPrune.Sandbox.Loading;

// A whole group of processes gets the terminal's signals; when this one ends is for its parent to say, by closing stdin.
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static signal => signal.Cancel = true);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, static signal => signal.Cancel = true);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static signal => signal.Cancel = true);

// The parent's patience ends earlier. This is for a parent that is no longer there, and a request whose answer has no end.
const int MostMilliseconds = 120_000;
using var self = Process.GetCurrentProcess();
using var limit = new Timer(_ => self.Kill(), null, MostMilliseconds, Timeout.Infinite);

using var requests = new BinaryReader(new BufferedStream(Console.OpenStandardInput()));
using var answers = new BinaryWriter(new BufferedStream(Console.OpenStandardOutput()));
try
{
    using IWorker worker = Enum.Parse<SandboxTask>(args.Single()) switch
    {
        SandboxTask.Load => new Loader(),
        var task => throw new ArgumentException($"There is no worker for {task}."),
    };
    answers.Write((byte)Answer.Ready);
    answers.Flush();
    while (true)
    {
        limit.Change(Timeout.Infinite, Timeout.Infinite);
        var request = requests.ReadBytes(requests.ReadInt32());
        limit.Change(MostMilliseconds, Timeout.Infinite);
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
