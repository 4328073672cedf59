using System.Security.Cryptography;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>Writes a model, and its external data where it has or needs them, without touching the destination yet.</summary>
internal static class ModelStage
{
    private const int SmallestExternal = 1024;
    private const long LargestMessage = int.MaxValue - (1 << 20);

    public static PendingFile Write(Model model, string path)
    {
        var message = ModelWriter.Write(model);
        return model.HasExternalData || message.Length > LargestMessage ? WriteExternal(model, path) : Write(message, path);
    }

    private static PendingFile Write(WireMessage message, string path) => PendingFile.Write(path, message.WriteTo);

    /// <summary>
    /// The data file's name carries a hash of its content: it never collides with the data of a model that is being replaced, so
    /// that the rename of the model itself is the one moment at which old becomes new.
    /// </summary>
    private static PendingFile WriteExternal(Model model, string path)
    {
        var large = model.Graph.Initializers
            .Where(v => v.Initializer!.HasBytes && v.Initializer.Count * v.ElementType.SizeInBytes() >= SmallestExternal)
            .ToArray();
        var location = $"{Path.GetFileName(path)}.{Hash(large)}.data";
        var offsets = new Dictionary<Value, long>();
        using var data = PendingFile.Write(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, location), stream =>
        {
            foreach (var value in large)
            {
                // ONNX Runtime maps the file; 64 bytes keep vector loads aligned.
                stream.Write(new byte[(int)(-stream.Position & 63)]);
                offsets.Add(value, stream.Position);
                stream.Write(value.Initializer!.Data.Span);
            }
        });
        var message = ModelWriter.Write(model, value => offsets.TryGetValue(value, out var offset)
            ? TensorMessage.WriteExternal(value.Name, value.Initializer!, value.InitializerSource, location, offset)
            : ModelWriter.WriteInside(value));
        return Write(message, path).With(data);
    }

    private static string Hash(IEnumerable<Value> values)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var value in values)
        {
            hash.AppendData(value.Initializer!.Data.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
