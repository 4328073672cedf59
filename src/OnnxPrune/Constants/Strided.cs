using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>Copies a regularly spaced part of a tensor: what Transpose and Slice do to constants.</summary>
internal static class Strided
{
    /// <param name="dims">The dimensions of the result.</param>
    /// <param name="start">The element that the result begins with.</param>
    /// <param name="strides">Elements to step over in the source, per axis of the result.</param>
    public static Tensor Copy(Tensor source, long[] dims, long start, long[] strides)
    {
        var size = source.ElementType.SizeInBytes();
        var bytes = source.Data.Span;
        var result = new byte[checked(Tensor.ElementCount(dims) * size)];
        var index = new long[dims.Length];
        var from = start;
        for (var to = 0; to < result.Length; to += size)
        {
            bytes.Slice(checked((int)(from * size)), size).CopyTo(result.AsSpan(to));
            for (var axis = dims.Length - 1; axis >= 0; axis--)
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

        return new Tensor(source.ElementType, dims, result);
    }

    /// <summary>Elements between neighbours of each axis in row-major order.</summary>
    public static long[] RowMajor(IReadOnlyList<long> dims)
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
}
