using System.Globalization;
using System.Runtime.InteropServices;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Data;

/// <summary>Numbers as a tensor of the element type that a model's input wants.</summary>
internal static class NumberConversion
{
    /// <exception cref="UsageException">The type holds no such numbers.</exception>
    public static Tensor ToTensor(ElementType type, long[] dims, float[] values) => type switch
    {
        ElementType.Float => new Tensor(type, dims, MemoryMarshal.AsBytes<float>(values).ToArray()),
        ElementType.Float16 => Of(type, dims, values, ToHalf),
        ElementType.Double => Of(type, dims, values, x => (double)x),
        ElementType.UInt8 => Of(type, dims, values, x => (byte)Math.Clamp(MathF.Round(x), 0, 255)),
        _ => throw new UsageException($"The model's input is of {type}, which this data cannot feed; give ONNX test data (input_0.pb)."),
    };

    private static Half ToHalf(float number) => (Half)number is var half && Half.IsFinite(half) == float.IsFinite(number)
        ? half
        : throw new UsageException(string.Create(
            CultureInfo.InvariantCulture, $"The data hold {number}, which is too large for the model's input of {ElementType.Float16}."));

    private static Tensor Of<T>(ElementType type, long[] dims, float[] values, Converter<float, T> convert) where T : unmanaged =>
        new(type, dims, MemoryMarshal.AsBytes<T>(Array.ConvertAll(values, convert)).ToArray());
}
