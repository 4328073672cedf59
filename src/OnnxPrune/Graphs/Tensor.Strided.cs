using System.Runtime.InteropServices;

namespace OnnxPrune.Graphs;

public sealed partial class Tensor
{
    /// <summary>
    /// The tensor with its axes in another order: axis i of the result is axis order[i]. The one place where a tensor is transposed.
    /// </summary>
    public Tensor Transpose(params ReadOnlySpan<int> order)
    {
        var own = RowMajorStrides(Dims);
        var (dims, strides) = (new long[order.Length], new long[order.Length]);
        for (var axis = 0; axis < order.Length; axis++)
        {
            (dims[axis], strides[axis]) = (Dims[order[axis]], own[order[axis]]);
        }

        return Strided(dims, 0, strides);
    }

    /// <summary>
    /// Copies a regularly spaced part, for every element type of whole bytes: what Transpose, Slice and broadcasting make of a tensor.
    /// </summary>
    /// <param name="dims">The dimensions of the result.</param>
    /// <param name="start">The element that the result begins with.</param>
    /// <param name="strides">Elements to step over in this tensor, per axis of the result.</param>
    internal Tensor Strided(long[] dims, long start, long[] strides)
    {
        var size = ElementType.SizeInBytes();
        var result = new byte[checked(ElementCount(dims) * size)];
        switch (size)
        {
            case 1:
                Copy<byte>(Data.Span, result, dims, start, strides);
                break;
            case 2:
                Copy<ushort>(Data.Span, result, dims, start, strides);
                break;
            case 4:
                Copy<uint>(Data.Span, result, dims, start, strides);
                break;
            case 8:
                Copy<ulong>(Data.Span, result, dims, start, strides);
                break;
            default:
                Copy<UInt128>(Data.Span, result, dims, start, strides);
                break;
        }

        return new Tensor(ElementType, dims, result);
    }

    /// <summary>Elements between neighbours of each axis in row-major order.</summary>
    internal static long[] RowMajorStrides(IReadOnlyList<long> dims)
    {
        var strides = new long[dims.Count];
        var stride = 1L;
        for (var axis = dims.Count - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= dims[axis];
        }

        return strides;
    }

    private static void Copy<T>(ReadOnlySpan<byte> sourceBytes, Span<byte> resultBytes, long[] dims, long start, long[] strides)
        where T : unmanaged
    {
        var source = MemoryMarshal.Cast<byte, T>(sourceBytes);
        var result = MemoryMarshal.Cast<byte, T>(resultBytes);
        if (result.IsEmpty)
        {
            return; // Its other lengths may be of any size.
        }

        var (length, step) = dims.Length == 0 ? (1, 0) : (checked((int)dims[^1]), strides[^1]);
        var index = new long[Math.Max(0, dims.Length - 1)];
        var from = start;
        for (var to = 0; to < result.Length; to += length)
        {
            var at = from;
            foreach (ref var element in result.Slice(to, length))
            {
                element = source[checked((int)at)];
                at += step;
            }

            for (var axis = index.Length - 1; axis >= 0; axis--)
            {
                from += strides[axis];
                if (++index[axis] < dims[axis])
                {
                    break;
                }

                from -= strides[axis] * dims[axis];
                index[axis] = 0;
            }
        }
    }
}
