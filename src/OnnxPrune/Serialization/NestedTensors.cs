using Onnx;

namespace OnnxPrune.Serialization;

/// <summary>
/// Tensors that are not initializers of the main graph: those of attributes, of subgraphs, of functions and of sparse initializers. Where
/// one lies in an external file, it is taken into the message, so that it goes wherever the model goes.
/// </summary>
internal static class NestedTensors
{
    /// <summary>The model with all nested tensors inside; null where they are inside already.</summary>
    /// <exception cref="BrokenModelException">The elements are not where the tensor says.</exception>
    public static byte[]? TakeIn(ReadOnlyMemory<byte> model, ExternalData? external)
    {
        var taken = WireRewriter.Rewrite(OnnxMessage.Model, model, (kind, tensor) =>
            kind == OnnxMessage.Tensor && TensorMessage.IsExternal(tensor)
                ? TensorMessage.TakeIn(tensor, TensorMessage.Read(TensorProto.Parser.ParseFrom(tensor.Span), external))
                : null);
        return taken?.ToArray();
    }
}
