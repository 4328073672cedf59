using System.Text.Json;

namespace Benchmarks;

/// <summary>Prunes every model of a folder and prints a Markdown table: what is left of it, or why nothing could be done.</summary>
internal sealed class Sweep(string program, IReadOnlyList<string> options)
{
    private readonly bool _hasLabels = options.Contains("--data");

    public int Run(string folder)
    {
        var temporary = Directory.CreateTempSubdirectory("onnxprune-sweep-");
        try
        {
            Console.WriteLine($"| model | exit code | parameters | MACs | blocks | latency | drift |{(_hasLabels ? " top-1 |" : "")}");
            Console.WriteLine($"|---|---:|---:|---:|---:|---:|---:|{(_hasLabels ? "---:|" : "")}");
            foreach (var model in Directory.GetFiles(folder, "*.onnx").Order(StringComparer.Ordinal))
                Console.WriteLine(Row(model, temporary.FullName));
        }
        finally
        {
            temporary.Delete(recursive: true);
        }

        return 0;
    }

    private string Row(string model, string folder)
    {
        var report = Path.Combine(folder, "report.json");
        File.Delete(report);
        var run = ProgramRun.Of(program, [model, Path.Combine(folder, "out.onnx"), "--report", report, .. options]);
        var figures = File.Exists(report) ? Figures(report) : $" {WhatItSaid(run, Path.GetDirectoryName(model)!)} |";
        return $"| {Path.GetFileNameWithoutExtension(model)} | {run.ExitCode} |{figures}";
    }

    /// <summary>The sentence that the program ended with, after its first note if there was one.</summary>
    private static string WhatItSaid(ProgramRun run, string folder)
    {
        var lines = run.Error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return string.Join(
            ' ', lines.Take(1).Concat(lines.Skip(1).TakeLast(1)).Select(l => l.Replace("onnxprune: ", "", StringComparison.Ordinal)))
            .Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
            .Replace("|", "\\|", StringComparison.Ordinal);
    }

    private string Figures(string report)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(report));
        var root = document.RootElement;
        var (before, after, verification) = (root.GetProperty("original"), root.GetProperty("pruned"), root.GetProperty("verification"));
        var blocks = $"{before.GetProperty("blocks")} → {after.GetProperty("blocks")}";
        return $" {Share(before, after, "parameters")} | {Share(before, after, "macs")} | {blocks} "
            + $"|{(verification.ValueKind == JsonValueKind.Null ? "" : Measured(verification))}";
    }

    private string Measured(JsonElement verification)
    {
        var measured =
            $" {verification.GetProperty("latency").GetProperty("ratio").GetDouble():F2} | "
                + $"{verification.GetProperty("drift").GetDouble():F3} |";
        return _hasLabels && verification.GetProperty("accuracy") is { ValueKind: JsonValueKind.Object } accuracy
            ? $"{measured} {Percent(accuracy.GetProperty("original_top1"))} → {Percent(accuracy.GetProperty("pruned_top1"))} |"
            : measured;
    }

    private static string Percent(JsonElement share) => $"{100 * share.GetDouble():F1} %";

    private static string Share(JsonElement before, JsonElement after, string what)
    {
        var (a, b) = (before.GetProperty(what).GetInt64(), after.GetProperty(what).GetInt64());
        return $"{b:N0}{(a == 0 ? "" : $" ({100.0 * b / a:F1} %)")}";
    }
}
