using System.Security.Cryptography;
using System.Text;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>Writes a model, and its external data where it has or needs them, without touching the destination yet.</summary>
internal static class ModelStage
{
    private const int SmallestExternal = 1024;

    // Of file systems at hand, in bytes.
    private const int LongestName = 255;
    private const long LargestMessage = int.MaxValue - (1 << 20);

    public static PendingFile Write(Model model, string path)
    {
        var message = ModelWriter.Write(model);
        return model.HasExternalData || message.Length > LargestMessage ? WriteExternal(model, path) : Write(message, path);
    }

    private static PendingFile Write(WireMessage message, string path) => PendingFile.Write(path, message.WriteTo);

    /// <summary>
    /// The data file's name carries a hash of its content: whatever has that name already has that content, so that the rename of
    /// the model itself is the one moment at which old becomes new, for any number of runs at once.
    /// </summary>
    private static PendingFile WriteExternal(Model model, string path)
    {
        var large = model.Graph.Initializers
            .Where(v => v.SparseSource is null && v.Initializer!.HasBytes && v.Initializer.Count * v.ElementType.SizeInBytes() >= SmallestExternal)
            .ToArray();
        var location = DataName(Path.GetFileName(path), Hash(large));
        var offsets = new Dictionary<Value, long>();
        var data = PendingFile.Write(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, location), stream =>
        {
            foreach (var (value, padding) in Layout(large))
            {
                stream.Write(new byte[padding]);
                offsets.Add(value, stream.Position);
                stream.Write(value.Initializer!.Data.Span);
            }
        });
        try
        {
            var message = ModelWriter.Write(model, value => offsets.TryGetValue(value, out var offset)
                ? TensorMessage.WriteExternal(value.Name, value.Initializer!, value.InitializerSource, location, offset)
                : ModelWriter.WriteInside(value));
            return Write(message, path).With(data);
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    // Where the model's name leaves no room for more, the hash is name enough.
    private static string DataName(string model, string hash) =>
        $"{model}.{hash}.data" is var name && Encoding.UTF8.GetByteCount(name) <= LongestName ? name : $"onnxprune.{hash}.data";

    /// <summary>The values with the zeros before each. ONNX Runtime maps the file; 64 bytes keep vector loads aligned.</summary>
    private static IEnumerable<(Value Value, int Padding)> Layout(IEnumerable<Value> values)
    {
        var end = 0L;
        foreach (var value in values)
        {
            var padding = (int)(-end & 63);
            yield return (value, padding);
            end += padding + value.Initializer!.Data.Length;
        }
    }

    private static string Hash(IEnumerable<Value> values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (value, padding) in Layout(values))
        {
            hash.AppendData(new byte[padding]);
            hash.AppendData(value.Initializer!.Data.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
