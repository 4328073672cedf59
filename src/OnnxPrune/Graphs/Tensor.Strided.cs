using System.Runtime.InteropServices;

namespace OnnxPrune.Graphs;

internal sealed partial class Tensor
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

    /// <summary>
    /// The elements at places along one axis, as GatherElements has it: result[i, j, ...] = this[i, places[i, j, ...], ...] where the axis
    /// is the second.
    /// </summary>
    /// <param name="places">Int32 or Int64, of the same rank and no longer in any other axis; below zero they count from the end.</param>
    /// <returns>Null where a place lies outside, or the shapes do not fit.</returns>
    internal Tensor? TakeElements(int axis, Tensor places)
    {
        axis = axis < 0 ? axis + Rank : axis;
        if (places.Rank != Rank || axis < 0 || axis >= Rank || places.Dims.Where((d, i) => i != axis && d > Dims[i]).Any())
        {
            return null;
        }

        var (strides, size, chosen) = (RowMajorStrides(Dims), ElementType.SizeInBytes(), places.ToLongs());
        var result = new byte[chosen.Length * size];
        var source = Data.Span;
        var at = new long[Rank];
        for (var i = 0; i < chosen.Length; i++)
        {
            var place = chosen[i] < 0 ? chosen[i] + Dims[axis] : chosen[i];
            if (place < 0 || place >= Dims[axis])
            {
                return null;
            }

            var from = place * strides[axis];
            for (var other = 0; other < Rank; other++)
            {
                from += other == axis ? 0 : at[other] * strides[other];
            }

            source.Slice(checked((int)(from * size)), size).CopyTo(result.AsSpan(i * size));
            for (var next = Rank - 1; next >= 0 && ++at[next] == places.Dims[next]; next--)
            {
                at[next] = 0;
            }
        }

        return new Tensor(ElementType, places.Dims, result);
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
