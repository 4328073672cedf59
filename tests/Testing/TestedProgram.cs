using System.Runtime.InteropServices;

namespace OnnxPrune.Testing;

/// <summary>The command line that tests start as a process.</summary>
public static class TestedProgram
{
    /// <summary>
    /// The program that ONNXPRUNE_EXE names, as tools/test does for the published program; else the one that was built with the tests.
    /// </summary>
    public static string Path { get; } = Environment.GetEnvironmentVariable("ONNXPRUNE_EXE") is { Length: > 0 } set ? set : Built();

    /// <summary>
    /// The folder in which a program that starts by itself finds its runtime, also for a .NET that is only on the PATH: DOTNET_ROOT.
    /// </summary>
    public static string DotnetRoot { get; } =
        System.IO.Path.GetFullPath(System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>Tests run in tests/NAME/bin/CONFIGURATION/FRAMEWORK, programs are built beside that.</summary>
    private static string Built()
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        var folder = System.IO.Path.Combine(SharedFiles.Root, "src", "OnnxPrune.Cli", "bin", framework.Parent!.Name, framework.Name);
        return Directory.GetFiles(folder, OperatingSystem.IsWindows() ? "OnnxPrune.Cli.exe" : "OnnxPrune.Cli", SearchOption.AllDirectories)
            .FirstOrDefault()
            ?? throw new InvalidOperationException($"There is no OnnxPrune.Cli under '{folder}'; build the solution.");
    }
}
