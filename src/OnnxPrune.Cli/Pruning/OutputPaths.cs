namespace OnnxPrune.Cli.Pruning;

/// <summary>Where a run writes to, checked before any work is done.</summary>
internal static class OutputPaths
{
    /// <exception cref="UsageException">A path cannot be written to, two are the same, or options contradict each other.</exception>
    public static void Check(PruneOptions options)
    {
        if (options.Plan is not null && options.HasTargets)
        {
            throw new UsageException("--plan is applied exactly; it cannot be combined with --target.");
        }

        if ((options.HasTargets || options.Plan is not null) && options.HasLimits && !options.Verify)
        {
            throw new UsageException($"{(options.MaxDrift is null ? "--max-drop" : "--max-drift")} beside a target or a plan needs the verification; drop --no-verify.");
        }

        if (options.MaxDrop is not null && options.Measure.Data is null)
        {
            throw new UsageException("--max-drop wants labelled data to measure accuracy on: give --data.");
        }

        if (options.ReportPath is { } report && Path.GetExtension(report).ToLowerInvariant() is not (".json" or ".md"))
        {
            throw new UsageException($"--report {report}: the name must end in .json or .md, or be - for JSON on stdout.");
        }

        var paths = new[] { options.Output, options.PlanOut, options.ReportPath }.OfType<string>().ToArray();
        foreach (var path in paths)
        {
            CheckFile(path);
        }

        if (paths.Select(Path.GetFullPath).Distinct().Count() < paths.Length)
        {
            throw new UsageException($"Two of the outputs {string.Join(", ", paths.Select(p => $"'{p}'"))} are the same file.");
        }

        if (paths.Skip(1).Any(p => Path.GetFullPath(p) == Path.GetFullPath(options.Input)))
        {
            throw new UsageException($"The report or plan would overwrite the model '{options.Input}'.");
        }
    }

    /// <summary>Where the model is written to: a dry run measures a file that nobody asked for, so it lies elsewhere.</summary>
    public static string OfModel(PruneOptions options) =>
        options.DryRun ? Path.Combine(Path.GetTempPath(), "onnxprune-dry-run.onnx") : options.Output;

    private static void CheckFile(string path)
    {
        if (path.Length == 0)
        {
            throw new UsageException("An output has an empty path.");
        }

        if (Directory.Exists(path))
        {
            throw new UsageException($"'{path}' is a folder; give the path of the file to write.");
        }

        if (Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal) && !Path.GetFullPath(path).StartsWith("/dev/shm/", StringComparison.Ordinal))
        {
            throw new UsageException($"'{path}' is a device and cannot be replaced by a file; --dry-run does everything but write.");
        }

        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
        {
            throw new UsageException($"The folder '{folder}' of the output does not exist.");
        }
    }
}
