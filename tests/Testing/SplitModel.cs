using Google.Protobuf;
using Onnx;

namespace OnnxPrune.Testing;

/// <summary>A model whose larger weights lie in a file of their own.</summary>
internal static class SplitModel
{
    private const int SmallestExternal = 256;

    /// <summary>Writes the model to <paramref name="path"/>, and its larger weights to a file beside it.</summary>
    /// <param name="data">The name of that file.</param>
    /// <param name="change">Makes another value of an entry that tells where a weight lies.</param>
    public static string Write(byte[] model, string path, string data, Func<StringStringEntryProto, string>? change = null)
    {
        var message = ModelProto.Parser.ParseFrom(model);
        using var bytes = new MemoryStream();
        foreach (var tensor in message.Graph.Initializer.Where(i => i.RawData.Length >= SmallestExternal))
        {
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = data });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = $"{bytes.Position}" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = $"{tensor.RawData.Length}" });
            bytes.Write(tensor.RawData.Span);
            tensor.RawData = ByteString.Empty;
            foreach (var entry in tensor.ExternalData)
            {
                entry.Value = change?.Invoke(entry) ?? entry.Value;
            }
        }

        File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(path)!, data), bytes.ToArray());
        File.WriteAllBytes(path, message.ToByteArray());
        return path;
    }
}
