using System.Security.Cryptography;
using System.Text;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>Writes a model, and its external data where it has or needs them, without touching the destination yet.</summary>
internal static class ModelStage
{
    private const int SmallestExternal = 1024;
    private const long Alignment = 64;

    // Of file systems at hand, in bytes.
    private const int LongestName = 255;
    private const long LargestMessage = int.MaxValue - (1 << 20);

    public static AtomicFile Write(Model model, string path)
    {
        var message = ModelWriter.Write(model);
        return StaysWhole(model, message) ? Write(message, path) : WriteExternal(model, path);
    }

    /// <summary>The number of bytes that <see cref="Write(Model, string)"/> makes, external data included. Nothing is written.</summary>
    public static long Length(Model model, string path)
    {
        var message = ModelWriter.Write(model);
        if (StaysWhole(model, message))
        {
            return message.Length;
        }

        var large = Large(model);
        var (offsets, end) = Layout(large);
        return end + Referring(model, DataName(Path.GetFileName(path), Hash(large)), offsets).Length;
    }

    private static bool StaysWhole(Model model, WireMessage message) => !model.HasExternalData && message.Length <= LargestMessage;

    private static AtomicFile Write(WireMessage message, string path) => AtomicFile.Write(path, message.WriteTo);

    /// <summary>
    /// The data file's name carries a hash of its content: whatever has that name already has that content, so that the rename of
    /// the model itself is the one moment at which old becomes new, for any number of runs at once.
    /// </summary>
    private static AtomicFile WriteExternal(Model model, string path)
    {
        var large = Large(model);
        var location = DataName(Path.GetFileName(path), Hash(large));
        var (offsets, _) = Layout(large);
        var data = AtomicFile.Write(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, location), stream =>
            WriteData(large, offsets, stream.Write));
        try
        {
            return Write(Referring(model, location, offsets), path).With(data);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    private static Value[] Large(Model model) => [.. model.Graph.Initializers
        .Where(v =>
            v.SparseSource is null && v.Initializer!.HasBytes && v.Initializer.Count * v.ElementType.SizeInBytes() >= SmallestExternal)];

    /// <summary>The model with the elements of some initializers elsewhere.</summary>
    private static WireMessage Referring(Model model, string location, Dictionary<Value, long> offsets) =>
        ModelWriter.Write(model, value => offsets.TryGetValue(value, out var offset)
        ? TensorMessage.WriteExternal(value.Name, value.Initializer!, value.InitializerSource, location, offset)
        : ModelWriter.WriteInside(value));

    // Where the model's name leaves no room for more, the hash is name enough.
    private static string DataName(string model, string hash) =>
        $"{model}.{hash}.data" is var name && Encoding.UTF8.GetByteCount(name) <= LongestName ? name : $"onnxprune.{hash}.data";

    /// <summary>
    /// The offset of each value, and the end of the last one. ONNX Runtime maps the file; 64 bytes keep vector loads aligned.
    /// </summary>
    private static (Dictionary<Value, long> Offsets, long End) Layout(IEnumerable<Value> values)
    {
        var offsets = new Dictionary<Value, long>();
        var end = 0L;
        foreach (var value in values)
        {
            var start = end + (-end & (Alignment - 1));
            offsets.Add(value, start);
            end = start + value.Initializer!.Data.Length;
        }

        return (offsets, end);
    }

    private static void WriteData(IEnumerable<Value> values, Dictionary<Value, long> offsets, Writing write)
    {
        var end = 0L;
        foreach (var value in values)
        {
            write(new byte[offsets[value] - end]);
            write(value.Initializer!.Data.Span);
            end = offsets[value] + value.Initializer.Data.Length;
        }
    }

    private static string Hash(Value[] values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        WriteData(values, Layout(values).Offsets, hash.AppendData);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private delegate void Writing(ReadOnlySpan<byte> bytes);
}
