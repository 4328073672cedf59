using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>Writes a model, and its external data where it has or needs them, without touching the destination yet.</summary>
internal static class ModelStage
{
    private const int SmallestExternal = 1024;
    private const long LargestMessage = int.MaxValue - (1 << 20);

    public static PendingFile Write(Model model, string path)
    {
        var proto = ModelWriter.Write(model);
        var weights = model.Graph.Initializers.Where(v => v.Initializer!.HasBytes).Sum(v => v.Initializer!.Count * v.ElementType.SizeInBytes());
        return model.HasExternalData || weights > LargestMessage ? WriteExternal(model, proto, path) : Write(proto, path);
    }

    private static PendingFile Write(ModelProto proto, string path) => PendingFile.Write(path, stream => proto.WriteTo(stream));

    /// <summary>
    /// The data file's name carries a hash of its content: it never collides with the data of a model that is being replaced, so
    /// that the rename of the model itself is the one moment at which old becomes new.
    /// </summary>
    private static PendingFile WriteExternal(Model model, ModelProto proto, string path)
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
        var external = proto.Clone();
        for (var i = 0; i < external.Graph.Initializer.Count; i++)
        {
            Point(external.Graph.Initializer[i], model.Graph.Initializers[i], offsets, location);
        }

        return Write(external, path).With(data);
    }

    private static void Point(TensorProto proto, Value value, Dictionary<Value, long> offsets, string location)
    {
        if (!offsets.TryGetValue(value, out var offset))
        {
            if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            {
                proto.ExternalData.Clear();
                proto.DataLocation = TensorProto.Types.DataLocation.Default;
                proto.RawData = UnsafeByteOperations.UnsafeWrap(value.Initializer!.Data);
            }

            return;
        }

        proto.RawData = ByteString.Empty;
        proto.FloatData.Clear();
        proto.DoubleData.Clear();
        proto.Int32Data.Clear();
        proto.Int64Data.Clear();
        proto.Uint64Data.Clear();
        proto.ExternalData.Clear();
        proto.DataLocation = TensorProto.Types.DataLocation.External;
        foreach (var (key, text) in new[]
        {
            ("location", location),
            ("offset", offset.ToString(CultureInfo.InvariantCulture)),
            ("length", value.Initializer!.Data.Length.ToString(CultureInfo.InvariantCulture)),
        })
        {
            proto.ExternalData.Add(new StringStringEntryProto { Key = key, Value = text });
        }
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
