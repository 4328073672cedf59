using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>A tensor in a file of its own, as ONNX's test data has them (<c>input_0.pb</c>: one serialized TensorProto).</summary>
internal static class TensorFile
{
    /// <summary>Reads the tensor and the name it carries, which may be empty.</summary>
    /// <exception cref="UsageException">The path names no readable file, or the file holds no tensor of numbers.</exception>
    public static (string Name, Tensor Tensor) Read(string path)
    {
        try
        {
            var proto = TensorProto.Parser.ParseFrom(InputFile.ReadAllBytes(path, Array.MaxLength));
            var tensor = TensorMessage.Read(proto, external: null);
            return tensor.HasBytes
                ? (proto.Name, new Tensor(tensor.ElementType, tensor.Dims, tensor.Data))
                : throw new UsageException($"'{path}' holds no tensor of numbers (element type {proto.DataType}).");
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or BrokenModelException or ArgumentException)
        {
            throw new UsageException($"'{path}' holds no ONNX tensor ({e.Message.TrimEnd('.')}).", e);
        }
    }

    /// <summary>Writes a tensor as ONNX's test data has it.</summary>
    /// <exception cref="UsageException">The path cannot be written to.</exception>
    public static void Write(string path, Tensor tensor, string name = "")
    {
        using var file = AtomicFile.Write(path, stream => TensorMessage.Write(name, tensor).WriteTo(stream));
        file.Commit();
    }
}
