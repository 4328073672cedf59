using System.Runtime.InteropServices;
using System.Text;

namespace OnnxPrune.Cli.Terminals;

/// <summary>
/// Stdout and stderr where the caller closed them, or where they take nothing any more. The number of a closed one goes to whatever the
/// runtime opens next: without this, text would be written into its own pipes, by which it ends.
/// </summary>
internal static partial class StandardStreams
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    // F_GETFD and FD_CLOEXEC, alike on Linux and macOS.
    private const int GetFlags = 1;
    private const int ClosesOnExec = 1;

    /// <summary>
    /// To be called before anything is written. Results that stdout does not take are an error; what is said on stderr is lost at worst.
    /// </summary>
    public static void Guard()
    {
        if (!IsGiven(StandardOutput))
        {
            Console.SetOut(new ClosedWriter());
        }

        Console.SetError(IsGiven(StandardError) ? new LosingWriter(Console.Error) : TextWriter.Null);
    }

    /// <summary>True if the caller gave it: such stay open when a program starts another one, and those of the runtime do not.</summary>
    private static bool IsGiven(int descriptor) =>
        OperatingSystem.IsWindows() || (Control(descriptor, GetFlags) is var flags && flags >= 0 && (flags & ClosesOnExec) == 0);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    /// <summary>Refuses all text.</summary>
    private sealed class ClosedWriter : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => throw new IOException("stdout is closed.");
    }

    /// <summary>Loses what cannot be written: nobody can be told, and the exit code still says how a run ended.</summary>
    private sealed class LosingWriter(TextWriter inner) : TextWriter
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Try(() => inner.Write(value));

        public override void Write(string? value) => Try(() => inner.Write(value));

        public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

        public override void Flush() => Try(inner.Flush);

        private static void Try(Action write)
        {
            try
            {
                write();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
            }
        }
    }
}
