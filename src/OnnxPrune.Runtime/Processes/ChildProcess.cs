using System.Diagnostics;
using System.Text;

namespace OnnxPrune.Runtime.Processes;

/// <summary>A program that we run, which ends no later than we do.</summary>
internal sealed class ChildProcess
{
    // What results and a few messages need; the rest of a chatty program is read and forgotten.
    private const int MostText = 1 << 20;

    private static readonly Lock Gate = new();
    private static readonly HashSet<Action> AtEnd = [];

    private static bool s_isEnding;

    private readonly Process _process;
    private readonly IDisposable _scope;

    private ChildProcess(Process process) => (_process, _scope) = (process, AtTheEnd(() => End(process)));

    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program, or it may not be run.</exception>
    public static ChildProcess Start(string[] words)
    {
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Whoever ends all programs finds this one, or it is not started.
        lock (Gate)
        {
            if (!s_isEnding)
            {
                var process = Process.Start(start)!;
                process.StandardInput.Close();
                return new ChildProcess(process);
            }
        }

        Thread.Sleep(Timeout.Infinite);
        throw new UnreachableException();
    }

    /// <summary>Does something when the scope ends, or when the process is told to.</summary>
    public static IDisposable AtTheEnd(Action action) => new Scope(action);

    /// <summary>
    /// Ends all programs and takes away what was written for them: this process is about to end in the middle of its work.
    /// </summary>
    public static void EndAll()
    {
        lock (Gate)
        {
            s_isEnding = true;
            foreach (var action in AtEnd)
            {
                action();
            }

            AtEnd.Clear();
        }
    }

    /// <summary>Waits until it ends, and ends it with all that it started where it takes too long.</summary>
    public ChildResult Wait(TimeSpan limit)
    {
        using var process = _process;
        using var scope = _scope;
        var output = ReadAsync(process.StandardOutput);
        var error = ReadAsync(process.StandardError);
        if (!process.WaitForExit(limit))
        {
            return new ChildResult(IsLate: true, 0, "", "");
        }

        // What it started may hold the pipes open.
        return Task.WaitAll([output, error], limit)
            ? new ChildResult(IsLate: false, process.ExitCode, output.Result, error.Result)
            : new ChildResult(IsLate: true, 0, "", "");
    }

    private static void End(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended already.
        }
    }

    /// <summary>The end of what it prints.</summary>
    private static async Task<string> ReadAsync(StreamReader reader)
    {
        var (text, buffer) = (new StringBuilder(), new char[4096]);
        int read;
        while ((read = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            text.Append(buffer, 0, read);
            if (text.Length > 2 * MostText)
            {
                text.Remove(0, text.Length - MostText);
            }
        }

        return text.ToString();
    }

    private sealed class Scope : IDisposable
    {
        private readonly Action _action;

        public Scope(Action action)
        {
            _action = action;
            lock (Gate)
            {
                AtEnd.Add(action);
            }
        }

        public void Dispose()
        {
            lock (Gate)
            {
                if (AtEnd.Remove(_action))
                {
                    _action();
                }
            }
        }
    }
}

/// <param name="IsLate">Whether it was ended because it took too long.</param>
internal sealed record ChildResult(bool IsLate, int ExitCode, string Output, string Error);
