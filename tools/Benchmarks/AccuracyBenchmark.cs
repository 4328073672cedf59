using System.Globalization;
using System.Text.Json;

namespace Benchmarks;

/// <summary>
/// Prunes one model to several targets with calibration inputs, judges every result on labelled data, and prints a Markdown table.
/// </summary>
/// <param name="program">The published onnxprune.</param>
/// <param name="calibration">Unlabelled inputs, as <c>--calib</c> takes them.</param>
/// <param name="data">Labelled inputs, each as <c>--data</c> takes them.</param>
/// <param name="normalization">How pixels become inputs, as <c>--normalize</c> takes it.</param>
/// <param name="options">Further options of pruning.</param>
internal sealed class AccuracyBenchmark(
    string program, string calibration, IReadOnlyList<string> data, string normalization, IReadOnlyList<string> options)
{
    public int Run(string model, IReadOnlyList<string> targets)
    {
        var temporary = Directory.CreateTempSubdirectory("onnxprune-accuracy-");
        try
        {
            Console.WriteLine(
                $"| target | MACs |{string.Concat(data.Select(d => $" top-1 on {Path.GetFileName(d)} |"))} s | s of the processor | MiB |");
            Console.WriteLine($"|---|---:|{string.Concat(data.Select(_ => "---:|"))}---:|---:|---:|");
            return targets.Select(t => Row(model, t, temporary.FullName)).Max();
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    private int Row(string model, string target, string folder)
    {
        var (pruned, report) = (Path.Combine(folder, "pruned.onnx"), Path.Combine(folder, "report.json"));
        var run = ProgramRun.Of(
            program,
            [
                model,
                pruned,
                "--target",
                target,
                "--calib",
                calibration,
                "--normalize",
                normalization,
                "--no-verify",
                "--report",
                report,
                .. options
            ]);
        if (run.ExitCode != 0)
        {
            Console.WriteLine($"| {target} | exit code {run.ExitCode}: {run.Error.Trim().Split('\n')[^1]} |");
            return run.ExitCode;
        }

        using var document = JsonDocument.Parse(File.ReadAllText(report));
        var (before, after) = (
            document.RootElement.GetProperty("original").GetProperty("macs").GetInt64(),
            document.RootElement.GetProperty("pruned").GetProperty("macs").GetInt64());
        var accuracies = data.Select(d => Accuracy(model, pruned, d, report)).ToArray();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {target} | {100.0 * after / before:F1} % |{string.Concat(accuracies)} {run.Wall.TotalSeconds:F0} | "
                + $"{run.Cpu.TotalSeconds:F0} | {run.PeakBytes >> 20:N0} |"));
        return 0;
    }

    private string Accuracy(string model, string pruned, string labelled, string report)
    {
        var run = ProgramRun.Of(program, "verify", model, pruned, "--data", labelled, "--normalize", normalization, "--report", report);
        if (run.ExitCode != 0)
            return $" exit code {run.ExitCode} |";

        using var document = JsonDocument.Parse(File.ReadAllText(report));
        var accuracy = document.RootElement.GetProperty("verification").GetProperty("accuracy");
        return string.Create(
            CultureInfo.InvariantCulture,
            $" {100 * accuracy.GetProperty("original_top1").GetDouble():F2} → {100 * accuracy.GetProperty("pruned_top1").GetDouble():F2} "
                + $"|");
    }
}
