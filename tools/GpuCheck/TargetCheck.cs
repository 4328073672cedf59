using System.Diagnostics;
using System.Text.Json;
using OnnxPrune.Runtime.Sessions;

namespace GpuCheck;

/// <summary><c>--target speedup=2</c> by the command line, as a user runs it.</summary>
internal static class TargetCheck
{
    private const int MostSeconds = 120;

    public static IReadOnlyDictionary<string, double> Run(CheckContext context, CheckModels models, string network)
    {
        var model = models.Path(network);
        var (pruned, report) = (Path.ChangeExtension(model, ".pruned.onnx"), Path.ChangeExtension(model, ".json"));
        var provider = context.Provider == ExecutionProvider.Cuda ? "cuda" : "cpu";
        string[] arguments = [
            context.Program!,
            model,
            pruned,
            "--target",
            "speedup=2",
            "--granularity",
            "blocks,channels",
            "--provider",
            provider,
            "--report",
            report,
            "-q"
        ];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromSeconds(MostSeconds)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"It took longer than {MostSeconds} s.");
        }

        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"Exit code {process.ExitCode}: {error.Result.Trim()}");
        }

        using var document = JsonDocument.Parse(File.ReadAllText(report));
        var latency = document.RootElement.GetProperty("verification").GetProperty("latency");
        return new Dictionary<string, double> { ["speedup"] = latency.GetProperty("speedup").GetDouble() };
    }
}
