using System.Buffers;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using Onnx;

namespace OnnxPrune.Serialization;

/// <summary>
/// Tensor contents that lie in files beside the model (ONNX external data: location, offset, length), read through memory maps
/// that live as long as the tensors over them.
/// </summary>
internal sealed class ExternalData(string folder)
{
    private readonly Dictionary<string, MemoryMappedFile> _maps = [];

    /// <exception cref="BrokenModelException">The location is absolute or leaves the folder, the file is missing, or the range is not in it.</exception>
    public Lazy<ReadOnlyMemory<byte>> Open(TensorProto tensor, long bytes)
    {
        var entries = tensor.ExternalData.GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        var path = Resolve(tensor.Name, entries.GetValueOrDefault("location", ""));
        var offset = Number(tensor.Name, entries, "offset", 0);
        var length = Number(tensor.Name, entries, "length", bytes);
        var fileLength = new FileInfo(path).Length;
        if (length != bytes)
        {
            throw new BrokenModelException($"Initializer '{tensor.Name}' takes {bytes} bytes, but its external data states {length}.");
        }

        if (offset < 0 || offset > fileLength - bytes)
        {
            throw new BrokenModelException(
                $"Initializer '{tensor.Name}': {bytes} bytes at offset {offset} are not inside '{Path.GetFileName(path)}', which has {fileLength}.");
        }

        return new Lazy<ReadOnlyMemory<byte>>(() => bytes == 0 ? default : new MappedMemory(Map(path), offset, checked((int)bytes)).Memory);
    }

    private string Resolve(string tensor, string location)
    {
        try
        {
            return Find(tensor, location);
        }
        catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
        {
            // A path that no file can have, or links that lead in a circle.
            throw new BrokenModelException($"Initializer '{tensor}': its external data at '{location}' cannot be reached: {e.Message}", e);
        }
    }

    private string Find(string tensor, string location)
    {
        var root = Path.GetFullPath(folder);
        var path = Path.GetFullPath(Path.Combine(root, location));
        if (location.Length == 0 || Path.IsPathRooted(location) || !IsInside(root, path))
        {
            throw new BrokenModelException(
                $"Initializer '{tensor}': external data at '{location}' is refused, because only files in the model's own folder are read.");
        }

        if (!File.Exists(path))
        {
            throw new BrokenModelException($"Initializer '{tensor}': its external data file '{path}' does not exist.");
        }

        if (!IsInside(WithoutLinks(root), WithoutLinks(path)))
        {
            throw new BrokenModelException($"Initializer '{tensor}': external data '{location}' is a link that leaves the model's folder, and is refused.");
        }

        return path;
    }

    /// <summary>The path with every link on the way followed: a folder may leave as well as a file.</summary>
    private static string WithoutLinks(string path)
    {
        var real = Path.GetPathRoot(path)!;
        foreach (var name in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, name);
            var target = new FileInfo(next).ResolveLinkTarget(returnFinalTarget: true)?.FullName;
            real = target is null ? next : WithoutLinks(target);
        }

        return real;
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

    private MemoryMappedFile Map(string path)
    {
        lock (_maps)
        {
            if (!_maps.TryGetValue(path, out var map))
            {
                _maps.Add(path, map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read));
            }

            return map;
        }
    }

    /// <summary>A range of a memory-mapped file as memory. The view is released when the last tensor over it is collected.</summary>
    private sealed unsafe class MappedMemory : MemoryManager<byte>
    {
        private readonly MemoryMappedViewAccessor _view;
        private readonly byte* _start;
        private readonly int _length;

        public MappedMemory(MemoryMappedFile map, long offset, int length)
        {
            _view = map.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read);
            _length = length;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
            _start += _view.PointerOffset;
        }

        public override Span<byte> GetSpan() => new(_start, _length);

        public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, default, this);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing) => _view.Dispose();
    }
}
