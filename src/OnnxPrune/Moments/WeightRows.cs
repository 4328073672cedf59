using OnnxPrune.Graphs;

namespace OnnxPrune.Moments;

/// <summary>Questions to a weight, index by index along one of its axes.</summary>
internal static class WeightRows
{
    /// <summary>For each index along <paramref name="axis"/>, whether all its elements are zero.</summary>
    public static bool[] AllZero(Tensor weight, int axis)
    {
        var (outer, length, inner) = Extents(weight, axis);
        var size = weight.ElementType.SizeInBytes();
        var bytes = weight.Data.Span;
        var zero = new bool[length];
        Array.Fill(zero, true);
        for (var (o, left) = (0, length); o < outer && left > 0; o++)
        {
            for (var i = 0; i < length; i++)
            {
                // Negative zeros are rare enough to be called non-zero: the answer then errs on the safe side.
                if (zero[i] && bytes.Slice(((o * length) + i) * inner * size, inner * size).ContainsAnyExcept((byte)0))
                {
                    zero[i] = false;
                    left--;
                }
            }
        }

        return zero;
    }

    /// <summary>The elements before, along and after an axis: a weight is [outer, length, inner] in row-major order.</summary>
    public static (int Outer, int Length, int Inner) Extents(Tensor weight, int axis) => (
        checked((int)weight.Dims.Take(axis).Aggregate(1L, (a, b) => a * b)),
        checked((int)weight.Dims[axis]),
        checked((int)weight.Dims.Skip(axis + 1).Aggregate(1L, (a, b) => a * b)));
}
