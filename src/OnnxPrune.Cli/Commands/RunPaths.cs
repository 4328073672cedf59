using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Commands;

/// <summary>
/// The files that a run reads and writes. Before any work is done, each must be one that can be read or written, and nothing that is
/// written may be what is read or written elsewhere: compared by what the paths lead to, through links of both kinds.
/// </summary>
internal sealed class RunPaths
{
    private static readonly EnumerationOptions Everything =
        new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = 0, MaxRecursionDepth = 8 };

    private readonly List<(string What, string Path)> _read = [];
    private readonly List<(string Name, string Path)> _written = [];
    private string? _input;
    private string? _output;

    /// <summary>A model that is read, which the run's main output may replace.</summary>
    /// <exception cref="UsageException">The path is empty, or leads to no file.</exception>
    public RunPaths Replaces(string input, string output)
    {
        (_input, _output) = (input, output);
        return Reads("the model", input).Writes("<out.onnx>", output);
    }

    /// <param name="what">In words: "the calibration data".</param>
    /// <param name="path">A file, a folder, a pattern of files, or nothing yet; null is left out.</param>
    /// <exception cref="UsageException">The path is empty, or leads to what is neither file nor folder.</exception>
    public RunPaths Reads(string what, string? path)
    {
        if (path is null)
        {
            return this;
        }

        if (path.Length == 0)
        {
            throw new UsageException($"The path of {what} is empty.");
        }

        if (!path.Contains('*') && !Directory.Exists(path) && InputFile.IsThere(path))
        {
            InputFile.Check(path);
        }

        _read.Add((what, path));
        return this;
    }

    /// <inheritdoc cref="Reads(string, string)"/>
    public RunPaths Reads(string what, IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            Reads(what, path);
        }

        return this;
    }

    /// <param name="name">How messages call it: "--report".</param>
    /// <param name="path">Null is left out.</param>
    public RunPaths Writes(string name, string? path)
    {
        if (path is not null)
        {
            _written.Add((name, path.Length > 0 ? path : throw new UsageException($"The path of {name} is empty.")));
        }

        return this;
    }

    /// <param name="tries">Whether to find out by making files, which are removed again; else only by looking.</param>
    /// <exception cref="UsageException">A path cannot be written to, or is one of another file of the run.</exception>
    public void Check(bool tries = true)
    {
        foreach (var (_, path) in _written)
        {
            (tries ? (Action<string>)AtomicFile.Check : AtomicFile.CheckName)(path);
        }

        try
        {
            CheckOutputs();
            CheckInputs();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"A path cannot be followed: {e.Message}", e);
        }
    }

    private void CheckOutputs()
    {
        for (var i = 0; i < _written.Count; i++)
        {
            foreach (var (name, path) in _written.Take(i).Where(w => FileStatus.AreSame(w.Path, _written[i].Path)))
            {
                throw new OverwriteException($"{name} and {_written[i].Name} are the same file: '{path}' and '{_written[i].Path}'.");
            }
        }
    }

    private void CheckInputs()
    {
        var existing = _written
            .Select(w => (w.Name, w.Path, FileStatus.Of(w.Path)?.Identity))
            .Where(w => w.Identity is not null)
            .ToDictionary(w => w.Identity!);
        if (existing.Count == 0)
        {
            return;
        }

        var replaceable = _input is null ? null : FileStatus.Of(_input)?.Identity;
        foreach (var (what, path) in Configuration.ConfigFile.InUse is { } config ? _read.Prepend(("the configuration", config)) : _read)
        {
            foreach (var file in FilesOf(path))
            {
                if (FileStatus.Of(file)?.Identity is { } identity
                    && existing.TryGetValue(identity, out var output)
                    && (identity != replaceable || output.Path != _output))
                {
                    throw new OverwriteException($"{output.Name} '{output.Path}' would overwrite {what} '{file}'.");
                }
            }
        }
    }

    /// <summary>The files that are read of a path: all in a folder, all that a pattern names, and all tensors beside one.</summary>
    private static IEnumerable<string> FilesOf(string path)
    {
        if (Directory.Exists(path))
        {
            return Directory.EnumerateFiles(path, "*", Everything);
        }

        var name = Path.GetFileName(path);
        var pattern = name.Contains('*') ? name : Path.GetExtension(name).Equals(".pb", StringComparison.OrdinalIgnoreCase) ? "*.pb" : null;
        return pattern is not null && Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, pattern)
            : [path];
    }
}

/// <summary>An output would replace a file that the run reads, or another output. Nothing may be written then, not even a report.</summary>
internal sealed class OverwriteException(string message) : UsageException(message);
