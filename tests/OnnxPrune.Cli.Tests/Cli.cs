using System.Diagnostics;
using OnnxPrune.Testing;

namespace OnnxPrune.Cli.Tests;

/// <summary>The program's output and exit code.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>The program, as a process.</summary>
internal static class Cli
{
    private static readonly string[] s_wordsOfTime = ["speedup", "latency", "int8", "quantize"];

    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(5);

    public static string Root { get; } = FindRoot();

    public static string Resnet => Path.Combine(Root, "models", "resnet20_cifar_A.onnx");

    public static string Bottleneck => Path.Combine(Root, "models", "bottleneck56_v2.onnx");

    public static string Executable => TestedProgram.Path;

    public static Process Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null) =>
        StartProcess(Executable, arguments, environment);

    public static Process StartProcess(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = Path.GetTempPath(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.TryAdd("DOTNET_ROOT", TestedProgram.DotnetRoot);
        if (!start.ArgumentList.Any(IsAboutTime))
        {
            // Most tests do not look at latency, which takes as long to measure as all the rest of their runs.
            start.Environment.TryAdd("ONNXPRUNE_RACE_TIME", "0.1");
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    private static bool IsAboutTime(string argument) =>
        s_wordsOfTime.Any(word => argument.Contains(word, StringComparison.Ordinal));

    public static Outcome Run(params string[] arguments) => Finish(Start(arguments));

    /// <summary>Runs a line of bash, in which $0 is the program.</summary>
    public static Outcome Bash(string line, params string[] arguments) =>
        Finish(StartProcess("bash", ["-c", line, Executable, .. arguments]));

    public static Outcome Finish(Process process)
    {
        using (process)
        {
            // Both pipes are drained at once: a full one would stop the process.
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(LongestRun))
            {
                process.Kill(entireProcessTree: true);
                Assert.Fail(
                    $"'{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}' took longer than {LongestRun}.");
            }

            return new Outcome(process.ExitCode, output.Result, error.Result);
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OnnxPrune.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No OnnxPrune.sln above '{AppContext.BaseDirectory}'.");
    }
}
