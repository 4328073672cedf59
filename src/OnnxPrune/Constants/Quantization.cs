using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>
/// QuantizeLinear and DequantizeLinear of constants: x = (q − zero) · scale, with one scale and zero point for all or one for each
/// index of an axis. Blocks along an axis (opset 21) are left to the runtime.
/// </summary>
internal static class Quantization
{
    /// <returns>Null for what is not evaluated: scales that are no vector, element types other than 8, 16 and 32-bit integers.</returns>
    public static Tensor? Dequantize(Tensor stored, Tensor scale, Tensor? zero, long axis)
    {
        if (!IsInteger(stored.ElementType)
            || (zero is not null && !IsInteger(zero.ElementType))
            || !scale.ElementType.IsFloatingPoint()
            || Steps(stored, scale, zero, axis) is not { } step)
        {
            return null;
        }

        var whole = stored.ToLongs();
        var values = new double[whole.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (factor, shift) = step(i);
            values[i] = (float)(whole[i] - shift) * factor;
        }

        return scale.WithValues(values, values.Length).Reshape(stored.Dims);
    }

    /// <returns>Null for what is not evaluated, other types than int8 and uint8 among it.</returns>
    public static Tensor? Quantize(Tensor x, Tensor scale, Tensor? zero, long axis)
    {
        var type = zero?.ElementType ?? ElementType.UInt8;
        if (!x.ElementType.IsFloatingPoint()
            || !scale.ElementType.IsFloatingPoint()
            || type is not (ElementType.Int8 or ElementType.UInt8)
            || Steps(x, scale, zero, axis) is not { } step)
        {
            return null;
        }

        var low = type == ElementType.Int8 ? (int)sbyte.MinValue : byte.MinValue;
        var values = x.ToFloats();
        var whole = new double[values.Length];
        for (var i = 0; i < whole.Length; i++)
        {
            var (factor, shift) = step(i);
            whole[i] = Math.Clamp(MathF.Round(values[i] / factor) + shift, low, low + byte.MaxValue);
        }

        return Tensor.FromValues(type, x.Dims, whole);
    }

    private static bool IsInteger(ElementType type) =>
        type is ElementType.Int8 or ElementType.UInt8 or ElementType.Int16 or ElementType.UInt16 or ElementType.Int32;

    /// <summary>The scale and zero point of the element at a place.</summary>
    private static Func<int, (float Scale, long Zero)>? Steps(Tensor x, Tensor scale, Tensor? zero, long axis)
    {
        var at = (int)(axis < 0 ? axis + x.Rank : axis);
        if (scale.Rank > 1 || (zero is not null && zero.Count != scale.Count))
        {
            return null;
        }

        var (scales, zeros) = (scale.ToFloats(), zero?.ToLongs());
        if (scales.Length == 1)
        {
            return _ => (scales[0], zeros?[0] ?? 0);
        }

        if (at < 0 || at >= x.Rank || x.Dims[at] != scales.Length)
        {
            return null;
        }

        var inner = x.Dims.Skip(at + 1).Aggregate(1L, (a, b) => a * b);
        return i => (scales[i / inner % scales.Length], zeros?[i / inner % scales.Length] ?? 0);
    }
}
