using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// A model as it is written, but for the elements of its large weights, which lie in a file of zeros beside it: for asking whether it
/// loads, without the time and memory that the weights take.
/// </summary>
internal static class ModelOutline
{
    private const string Zeros = "zeros";

    private const int SmallestLeftOut = 1024;

    /// <summary>The model as the bytes of an ONNX file, whose external data are a file in the folder.</summary>
    /// <param name="folder">An empty one, which the caller removes.</param>
    public static byte[] Write(Model model, string folder)
    {
        var longest = 0L;
        var message = ModelWriter.Write(model, value =>
        {
            var tensor = value.Initializer!;
            var bytes = tensor.Count * tensor.ElementType.SizeInBytes();
            if (!tensor.ElementType.IsFloatingPoint() || bytes < SmallestLeftOut)
            {
                return ModelWriter.WriteInside(value);
            }

            longest = Math.Max(longest, bytes);
            return TensorMessage.WriteExternal(value.Name, tensor, value.InitializerSource, Zeros, 0);
        });

        // A hole, which takes no space.
        using var zeros = File.Create(Path.Combine(folder, Zeros));
        zeros.SetLength(longest);
        return message.ToArray();
    }
}
