using System.Numerics;
using System.Runtime.InteropServices;

namespace OnnxPrune.Graphs;

/// <summary>Tensor elements from and to doubles, floats and integers.</summary>
internal static class TensorConversion
{
    public static double[] ToDoubles(Tensor tensor) => tensor.ElementType == ElementType.BFloat16
        ? Array.ConvertAll(FromBFloat16(tensor), x => (double)x)
        : Convert<double>(tensor);

    public static float[] ToFloats(Tensor tensor) => tensor.ElementType switch
    {
        ElementType.Float => tensor.As<float>().ToArray(),
        ElementType.BFloat16 => FromBFloat16(tensor),
        _ => Convert<float>(tensor),
    };

    public static long[] ToLongs(Tensor tensor) => tensor.ElementType switch
    {
        ElementType.Int64 => tensor.As<long>().ToArray(),
        ElementType.BFloat16 => Array.ConvertAll(FromBFloat16(tensor), x => (long)x),
        _ => Convert<long>(tensor),
    };

    public static Tensor FromDoubles(ElementType type, long[] dims, ReadOnlySpan<double> values) => new(type, dims, type switch
    {
        ElementType.Float => Bytes<float>(values),
        ElementType.Double => Bytes<double>(values),
        ElementType.Float16 => Bytes<Half>(values),
        ElementType.BFloat16 => ToBFloat16(values),
        ElementType.Int64 => Bytes<long>(values),
        ElementType.Int32 => Bytes<int>(values),
        ElementType.Int8 => Bytes<sbyte>(values),
        ElementType.UInt8 => Bytes<byte>(values),
        _ => throw new NotSupportedException($"No values can be written to a tensor of {type}."),
    });

    private static T[] Convert<T>(Tensor tensor) where T : INumberBase<T> => tensor.ElementType switch
    {
        ElementType.Float => Elements<float, T>(tensor),
        ElementType.Double => Elements<double, T>(tensor),
        ElementType.Float16 => Elements<Half, T>(tensor),
        ElementType.Int8 => Elements<sbyte, T>(tensor),
        ElementType.Int16 => Elements<short, T>(tensor),
        ElementType.Int32 => Elements<int, T>(tensor),
        ElementType.Int64 => Elements<long, T>(tensor),
        ElementType.UInt8 or ElementType.Bool => Elements<byte, T>(tensor),
        ElementType.UInt16 => Elements<ushort, T>(tensor),
        ElementType.UInt32 => Elements<uint, T>(tensor),
        ElementType.UInt64 => Elements<ulong, T>(tensor),
        _ => throw new NotSupportedException($"A tensor of {tensor.ElementType} holds no numbers that can be read."),
    };

    private static T[] Elements<TFrom, T>(Tensor tensor)
        where TFrom : unmanaged, INumberBase<TFrom>
        where T : INumberBase<T>
    {
        var source = tensor.As<TFrom>();
        var result = new T[source.Length];
        for (var i = 0; i < source.Length; i++)
        {
            result[i] = T.CreateTruncating(source[i]);
        }

        return result;
    }

    private static byte[] Bytes<T>(ReadOnlySpan<double> values) where T : unmanaged, INumberBase<T>
    {
        var result = new T[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            result[i] = T.CreateSaturating(values[i]);
        }

        return MemoryMarshal.AsBytes<T>(result).ToArray();
    }

    // A bfloat16 is the upper half of a float.
    private static float[] FromBFloat16(Tensor tensor)
    {
        var source = tensor.As<ushort>();
        var result = new float[source.Length];
        for (var i = 0; i < source.Length; i++)
        {
            result[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
        }

        return result;
    }

    private static byte[] ToBFloat16(ReadOnlySpan<double> values)
    {
        var result = new ushort[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            // Round to nearest, ties to even.
            var bits = BitConverter.SingleToUInt32Bits((float)values[i]);
            result[i] = double.IsNaN(values[i]) ? (ushort)0x7fc0 : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
        }

        return MemoryMarshal.AsBytes<ushort>(result).ToArray();
    }
}
