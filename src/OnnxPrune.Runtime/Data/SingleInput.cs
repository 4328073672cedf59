using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>The one input that data of a single array can feed.</summary>
internal static class SingleInput
{
    /// <exception cref="UsageException">The model has none or several inputs.</exception>
    public static ValueDescription Of(IReadOnlyList<ValueDescription> inputs, string what) => inputs.Count == 1
        ? inputs[0]
        : throw new UsageException(
            $"The model has {inputs.Count} inputs ({string.Join(", ", inputs)}), and {what} can feed just one; give ONNX test data "
                + "(input_0.pb, input_1.pb, ...), or a .npz with an array for each.");
}
