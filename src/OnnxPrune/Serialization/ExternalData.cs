using System.Globalization;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// Tensor contents that lie in files beside the model (ONNX external data: location, offset, length). They are copied into memory when the
/// model is read: a file that is mapped and cut short ends the process that looks into it. Copies of a model share one instance, and with
/// it every content. Safe for several threads.
/// </summary>
/// <remarks>
/// A location is a name below the model's own folder. Links are followed as ONNX Runtime follows them: to files below that folder, or below
/// the one that the model's file itself lies in where the model is a link too, as in caches that keep all contents in one place.
/// </remarks>
internal sealed class ExternalData
{
    private readonly Dictionary<(string Location, long Offset, long Length), ReadOnlyMemory<byte>> _contents = [];
    private readonly Dictionary<string, long> _unread = [];
    private readonly string _model;
    private readonly AtomicFile? _companion;

    /// <param name="model">The path of the model's file.</param>
    /// <param name="companion">Data that are not in place yet: what is found under its destination's name.</param>
    public ExternalData(string model, AtomicFile? companion = null)
    {
        (_model, _companion) = (Path.GetFullPath(model), companion);
        Folder = Path.GetDirectoryName(_model)!;
    }

    /// <summary>The model's folder.</summary>
    public string Folder { get; }

    /// <summary>Every file that contents were read from.</summary>
    public IReadOnlyCollection<string> Files
    {
        get
        {
            lock (_unread)
            {
                return [.. _unread.Keys];
            }
        }
    }

    /// <summary>The content of a tensor that takes so many bytes.</summary>
    /// <exception cref="BrokenModelException">The location is absolute or leaves the folder, it is no file, or the range is not in
    /// it.</exception>
    /// <exception cref="UnsupportedModelException">The tensor is larger than can be held in one piece.</exception>
    /// <exception cref="ChangedFileException">The file is cut short or replaced in the same moment.</exception>
    public Lazy<ReadOnlyMemory<byte>> Open(TensorProto tensor, long bytes)
    {
        var entries = tensor.ExternalData.GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        var location = entries.GetValueOrDefault("location", "");
        var offset = Number(tensor.Name, entries, "offset", 0);
        var length = Number(tensor.Name, entries, "length", bytes);
        if (length != bytes)
        {
            throw new BrokenModelException($"Initializer '{tensor.Name}' takes {bytes} bytes, but its external data states {length}.");
        }

        lock (_unread)
        {
            if (!_contents.TryGetValue((location, offset, bytes), out var content))
            {
                content = Reached(tensor.Name, location, () => Read(tensor.Name, location, offset, bytes));
                _contents.Add((location, offset, bytes), content);
            }

            return new Lazy<ReadOnlyMemory<byte>>(content);
        }
    }

    private ReadOnlyMemory<byte> Read(string tensor, string location, long offset, long bytes)
    {
        var path = Find(tensor, location);
        var before = FileStatus.Of(path) ?? throw ChangedFileException.For(path);
        if (offset < 0 || offset > before.Length - bytes)
        {
            throw new BrokenModelException(
                $"Initializer '{tensor}': {bytes} bytes at offset {offset} are not inside '{Path.GetFileName(path)}', which has "
                    + $"{before.Length}.");
        }

        if (bytes > Array.MaxLength)
        {
            throw new UnsupportedModelException($"Initializer '{tensor}' has {bytes} bytes, where at most 2 GB are read.");
        }

        // A few bytes of a model must not make many of a file.
        _unread[path] = _unread.GetValueOrDefault(path, before.Length) - bytes;
        if (_unread[path] < 0)
        {
            throw new BrokenModelException(
                $"Initializer '{tensor}': what is read of '{Path.GetFileName(path)}' overlaps, and is more than the file's {before.Length} "
                    + "bytes.");
        }

        var content = LargeArray.Allocate((int)bytes);
        try
        {
            using var file = File.OpenHandle(path);
            InputFile.Fill(content, file, offset, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ChangedFileException.For(path, e);
        }

        return FileStatus.Of(path) == before ? content : throw ChangedFileException.For(path);
    }

    private static T Reached<T>(string tensor, string location, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            // A path that no file can have, or links that lead in a circle.
            throw new BrokenModelException($"Initializer '{tensor}': its external data at '{location}' cannot be reached: {e.Message}", e);
        }
    }

    private string Find(string tensor, string location)
    {
        var path = Path.GetFullPath(Path.Combine(Folder, location));
        if (location.Length == 0 || Path.IsPathRooted(location) || !IsInside(Folder, path))
        {
            throw new BrokenModelException(
                $"Initializer '{tensor}': external data at '{location}' is refused, because only files in the model's own folder are "
                    + "read.");
        }

        if (_companion is not null && location == Path.GetFileName(_companion.Destination))
        {
            return _companion.TemporaryPath;
        }

        var kind = (FileStatus.Of(path)
            ?? throw new BrokenModelException($"Initializer '{tensor}': its external data file '{path}' does not exist.")).Kind;
        if (kind != FileKind.Regular)
        {
            throw new BrokenModelException(
                $"Initializer '{tensor}': its external data at '{path}' is {FileStatus.Describe(kind)}, where a file is wanted.");
        }

        var real = FileStatus.RealPath(path);
        if (!IsInside(FileStatus.RealPath(Folder), real) && !IsInside(Path.GetDirectoryName(FileStatus.RealPath(_model))!, real))
        {
            throw new BrokenModelException(
                $"Initializer '{tensor}': external data '{location}' is a link that leaves the model's folder, and is refused; put a copy "
                    + $"of '{real}' in its place.");
        }

        return path;
    }

    private static bool IsInside(string root, string path) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static long Number(string tensor, Dictionary<string, string> entries, string key, long otherwise)
    {
        if (!entries.TryGetValue(key, out var text))
        {
            return otherwise;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new BrokenModelException($"Initializer '{tensor}': external data has the {key} '{text}', which is no number.");
    }
}
