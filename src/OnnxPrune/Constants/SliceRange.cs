namespace OnnxPrune.Constants;

/// <summary>
/// The part that Slice takes of one axis: <paramref name="Count"/> indices from <paramref name="Start"/> on, <paramref name="Step"/> apart.
/// </summary>
internal readonly record struct SliceRange(long Start, long Step, long Count)
{
    /// <summary>Resolves negative and out-of-range bounds as the ONNX specification of Slice says.</summary>
    /// <returns>Null for a step of zero, which is invalid.</returns>
    public static SliceRange? Of(long start, long end, long step, long length)
    {
        if (step == 0)
        {
            return null;
        }

        start = start < 0 ? start + length : start;
        end = end < 0 ? end + length : end;
        var (low, high) = step > 0 ? (0L, length) : (-1L, length - 1);
        start = Math.Clamp(start, Math.Max(low, 0), Math.Max(high, 0));
        end = Math.Clamp(end, low, high);
        var count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
        return new SliceRange(start, step, Math.Max(0, length == 0 ? 0 : count));
    }
}
