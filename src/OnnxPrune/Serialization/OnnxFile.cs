using Google.Protobuf;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>Models from and to ONNX files.</summary>
public static class OnnxFile
{
    /// <summary>Reads a model. Cost: one pass over the file; weights are not copied again.</summary>
    /// <exception cref="UsageException">The path names no readable file.</exception>
    /// <exception cref="BrokenModelException">The file is no well-formed ONNX model.</exception>
    public static Model Read(string path)
    {
        var bytes = ReadBytes(path);
        try
        {
            return FromBytes(bytes, Path.GetDirectoryName(Path.GetFullPath(path)));
        }
        catch (BrokenModelException e)
        {
            throw new BrokenModelException($"'{path}': {e.Message}", e);
        }
    }

    /// <param name="folder">Where external data may lie; null when there is none.</param>
    /// <exception cref="BrokenModelException">The bytes are no well-formed ONNX model.</exception>
    public static Model FromBytes(ReadOnlyMemory<byte> bytes, string? folder = null)
    {
        if (bytes.IsEmpty)
        {
            throw new BrokenModelException("the file is empty (0 bytes)");
        }

        try
        {
            return ModelReader.Read(LeanWire.Split(bytes), folder);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new BrokenModelException($"the file cannot be parsed as an ONNX model ({e.Message.TrimEnd('.')})", e);
        }
    }

    /// <summary>The model as the bytes of an ONNX file. External data of initializers stay external.</summary>
    public static byte[] ToBytes(Model model) => ModelWriter.Write(model).ToArray();

    /// <summary>
    /// The model with the bodies of its functions in place of their calls, so that channels can be followed through them; the model
    /// itself where it has none. Calls whose body cannot stand in their place stay; see <see cref="FunctionInlining"/>.
    /// </summary>
    /// <exception cref="BrokenModelException">Functions call each other in a circle, or make more nodes than can be held.</exception>
    public static Model WithoutFunctions(Model model)
    {
        if (model.Functions.Count == 0)
        {
            return model;
        }

        var file = LeanWire.Split(ModelWriter.Write(model).ToArray());
        return ModelReader.Read(file with { Message = FunctionInlining.Apply(file.Message) }, model.Folder);
    }

    /// <summary>An independent copy with the shapes and types that are known. Weights are shared.</summary>
    public static Model CloneWithShapes(Model model) => model.Clone();

    /// <summary>Writes the model to a temporary sibling of <paramref name="path"/>; see <see cref="PendingFile"/>.</summary>
    /// <exception cref="UsageException">The path cannot be written to.</exception>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public static PendingFile Stage(Model model, string path) => ModelStage.Write(model, path);

    private static byte[] ReadBytes(string path)
    {
        if (Directory.Exists(path))
        {
            throw new UsageException($"'{path}' is a folder; give the path of an .onnx file.");
        }

        try
        {
            using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            var length = RandomAccess.GetLength(file);
            if (length > Array.MaxLength)
            {
                throw new BrokenModelException(
                    $"'{path}' has {length} bytes; protobuf holds at most 2 GB, so that larger models must keep their weights as external data.");
            }

            var bytes = GC.AllocateUninitializedArray<byte>((int)length);
            for (var at = 0; at < bytes.Length;)
            {
                var read = RandomAccess.Read(file, bytes.AsSpan(at), at);
                if (read == 0)
                {
                    throw new UsageException($"'{path}' became shorter while it was read.");
                }

                at += read;
            }

            return bytes;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"'{path}' does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{path}' cannot be read: {e.Message}", e);
        }
    }
}
