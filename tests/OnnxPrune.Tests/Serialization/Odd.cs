using System.Diagnostics;

namespace OnnxPrune.Tests.Serialization;

/// <summary>Makes what is no file.</summary>
internal static class Odd
{
    /// <summary>A named pipe that nobody writes to: who opens it waits for ever.</summary>
    public static void Pipe(string path)
    {
        using var made = Process.Start("mkfifo", [path]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
    }
}
