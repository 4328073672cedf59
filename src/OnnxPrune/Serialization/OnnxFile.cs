using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>Models from and to ONNX files.</summary>
internal static class OnnxFile
{
    /// <summary>Reads a model. Cost: one pass over the file, and over its external data; weights are not copied again.</summary>
    /// <exception cref="UsageException">The path names no readable file.</exception>
    /// <exception cref="BrokenModelException">The file is no well-formed ONNX model.</exception>
    /// <exception cref="ChangedFileException">A file is cut short or replaced while it is read.</exception>
    public static Model Read(string path)
    {
        var bytes = ReadBytes(path);
        try
        {
            return FromBytes(bytes, new ExternalData(path));
        }
        catch (BrokenModelException e)
        {
            throw new BrokenModelException($"'{path}': {e.Message}", e);
        }
    }

    /// <param name="folder">Where external data may lie; null when there is none.</param>
    /// <exception cref="BrokenModelException">The bytes are no well-formed ONNX model.</exception>
    public static Model FromBytes(ReadOnlyMemory<byte> bytes, string? folder = null) =>
        FromBytes(bytes, folder is null ? null : new ExternalData(Path.Combine(folder, "model.onnx")));

    private static Model FromBytes(ReadOnlyMemory<byte> bytes, ExternalData? external)
    {
        if (bytes.IsEmpty)
        {
            throw new BrokenModelException("the file is empty (0 bytes)");
        }

        try
        {
            return ModelReader.Read(RawDataSplitter.Split(bytes), external);
        }
        catch (BrokenModelException e) when (ForeignFormat.Describe(bytes.Span) is { } format)
        {
            throw new BrokenModelException(format, e);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new BrokenModelException(
                ForeignFormat.Describe(bytes.Span) ?? $"the file cannot be parsed as an ONNX model ({e.Message.TrimEnd('.')})", e);
        }
    }

    /// <summary>The model as the bytes of an ONNX file. External data of initializers stay external.</summary>
    public static byte[] ToBytes(Model model) => ModelWriter.Write(model).ToArray();

    /// <summary>The same with other names for some nodes.</summary>
    /// <param name="name">The name of a node; null for its own.</param>
    internal static byte[] ToBytes(Model model, Func<Node, string?> name) => ModelWriter.Write(
        model, node: n => name(n) is { } other ? ModelWriter.WriteNode(n, other) : ModelWriter.WriteNode(n)).ToArray();

    /// <summary>The same with external data inside, at most 2 GB.</summary>
    public static byte[] ToWholeBytes(Model model) => ModelWriter.Write(model, ModelWriter.WriteInside).ToArray();

    /// <summary>
    /// The initializers whose elements <see cref="ToBytes(Model)"/> leaves to other files, by name: whoever runs those bytes gives them
    /// along, as they were when the model was read.
    /// </summary>
    public static IReadOnlyDictionary<string, Tensor> ExternalWeights(Model model) => model.Graph.Initializers
        .Where(v => v.InitializerSource is { } source && TensorMessage.IsExternal(source))
        .ToDictionary(v => v.Name, v => v.Initializer!);

    /// <summary>The same of a file that is not in place yet, read back from what was written.</summary>
    internal static IReadOnlyDictionary<string, Tensor> ExternalWeights(AtomicFile staged) => staged.Companion is { } data
        ? ExternalWeights(FromBytes(ReadBytes(staged.TemporaryPath), new ExternalData(staged.TemporaryPath, data)))
        : new Dictionary<string, Tensor>();

    /// <summary>The files besides its own that a model was read from.</summary>
    public static IReadOnlyCollection<string> ExternalFiles(Model model) => ((ExternalData?)model.ExternalData)?.Files ?? [];

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

        return Replaced(model, FunctionInlining.Apply);
    }

    /// <summary>
    /// The model with ONNX's own operators in place of those that ONNX Runtime fuses them to; the model itself where it has none. See
    /// <see cref="FusionExpansion"/>.
    /// </summary>
    /// <exception cref="UnsupportedModelException">The model was saved with its weights in the layout of one machine's kernels.</exception>
    public static Model WithoutFusions(Model model) => FusionExpansion.IsNeededFor(model) ? Replaced(model, FusionExpansion.Apply) : model;

    private static Model Replaced(Model model, Action<ModelProto> change) =>
        ModelReader.Read(
            NodeReplacement.Apply(RawDataSplitter.Split(ModelWriter.Write(model).ToArray()), change), (ExternalData?)model.ExternalData);

    /// <summary>Writes the model to a temporary sibling of <paramref name="path"/>; see <see cref="AtomicFile"/>.</summary>
    /// <exception cref="UsageException">The path cannot be written to.</exception>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    internal static AtomicFile Stage(Model model, string path) => ModelStage.Write(model, path);

    /// <summary>The number of bytes that <see cref="Stage"/> would write to <paramref name="path"/>, external data included.</summary>
    public static long Length(Model model, string path) => ModelStage.Length(model, path);

    /// <summary>The bytes of a model on disk, with its external data.</summary>
    /// <param name="model">As it was read from <paramref name="path"/>.</param>
    public static long Length(string path, Model model) =>
        ExternalFiles(model).Append(path).Sum(f => new FileInfo(FileStatus.RealPath(f)).Length);

    private static byte[] ReadBytes(string path)
    {
        using var file = InputFile.Open(path);
        var length = RandomAccess.GetLength(file);
        if (length > Array.MaxLength)
        {
            throw new BrokenModelException(
                $"'{path}' has {length} bytes; protobuf holds at most 2 GB, so that larger models must keep their weights as external "
                    + "data.");
        }

        return InputFile.ReadAllBytes(file, path);
    }
}
