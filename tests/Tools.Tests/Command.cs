using System.Diagnostics;

namespace Tools.Tests;

/// <summary>A process's output and exit code.</summary>
internal sealed record Command(int ExitCode, string Output, string Error)
{
    /// <summary>Runs to the end, with no stdin and from a folder that has nothing to do with the repository.</summary>
    public static Command Run(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = Path.GetTempPath(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        // Both pipes are drained at once: a full one would stop the process.
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Command(process.ExitCode, output, error.Result);
    }
}
