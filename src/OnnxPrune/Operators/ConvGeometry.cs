using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// The windows of a Conv, ConvTranspose or pool over the axes behind the channels, one number per axis: attributes kernel_shape, strides,
/// dilations, pads, auto_pad, ceil_mode, read in this one place.
/// </summary>
/// <param name="PadsBefore">Elements added before the input; zeros where <paramref name="AutoPad"/> decides.</param>
/// <param name="PadsAfter">Elements added behind it.</param>
/// <param name="AutoPad">NOTSET, VALID, SAME_UPPER or SAME_LOWER.</param>
/// <param name="RoundsUp">Whether a last window may reach over the end.</param>
internal sealed record ConvGeometry(
    long[] Kernel, long[] Strides, long[] Dilations, long[] PadsBefore, long[] PadsAfter, string AutoPad = "NOTSET", bool RoundsUp = false)
{
    /// <summary>True if the padding follows from the input's size, so that the output has ceil(input / stride) elements.</summary>
    public bool IsSame => AutoPad.StartsWith("SAME", StringComparison.Ordinal);

    /// <summary>True if a window may see something else than the input.</summary>
    public bool IsPadded => IsSame || PadsBefore.Any(p => p != 0) || PadsAfter.Any(p => p != 0);

    /// <param name="kernel">The window's lengths, of which there is one per axis. Attributes that are absent or too short have their
    /// defaults.</param>
    public static ConvGeometry Of(Node node, IReadOnlyList<long> kernel)
    {
        var (autoPad, axes) = (node.String("auto_pad", "NOTSET"), kernel.Count);
        var pads = autoPad == "NOTSET" ? Read(node, "pads", 2 * axes, 0) : new long[2 * axes];
        return new ConvGeometry(
            [.. kernel],
            Read(node, "strides", axes, 1),
            Read(node, "dilations", axes, 1),
            pads[..axes],
            pads[axes..],
            autoPad,
            node.Int("ceil_mode", 0) != 0);
    }

    /// <summary>Windows of one element each.</summary>
    public static ConvGeometry OfPoints(int axes) => new(Ones(axes), Ones(axes), Ones(axes), new long[axes], new long[axes]);

    /// <summary>The length of an axis of the output; open where the input's is, unless the window surely keeps it.</summary>
    public Dim Output(int axis, Dim input)
    {
        var (stride, reach, pads) = (Strides[axis], Reach(axis), PadsBefore[axis] + PadsAfter[axis]);
        return stride < 1 ? Dim.Unknown
            : stride == 1 && (IsSame || pads == reach) ? input
            : input.Size is not { } size ? Dim.Unknown
            : IsSame ? new Dim((size + stride - 1) / stride)
            : new Dim(Math.Max(0, Steps(size + pads - reach - 1, stride, size + PadsBefore[axis]) + 1));
    }

    /// <summary>The length of an axis of the output of a ConvTranspose.</summary>
    /// <param name="outputPadding">Elements added behind the output.</param>
    public Dim TransposedOutput(int axis, Dim input, long outputPadding) => input.Size is not { } size ? Dim.Unknown
        : IsSame ? new Dim(size * Strides[axis])
        : new Dim((Strides[axis] * (size - 1)) + outputPadding + Reach(axis) + 1 - PadsBefore[axis] - PadsAfter[axis]);

    /// <summary>The windows over inputs of these sizes [D...].</summary>
    public SlidingWindow Over(IReadOnlyList<long> sizes)
    {
        var (before, after) = ((long[])[.. PadsBefore], (long[])[.. PadsAfter]);
        long[] outputs = [.. sizes.Select((size, axis) => Output(axis, new Dim(size)).Size!.Value)];
        for (var axis = 0; IsSame && axis < outputs.Length; axis++)
        {
            // Where the padding is odd, the larger half comes last or first.
            var total = Math.Max(0, ((outputs[axis] - 1) * Strides[axis]) + Reach(axis) + 1 - sizes[axis]);
            before[axis] = AutoPad == "SAME_LOWER" ? total - (total / 2) : total / 2;
            after[axis] = total - before[axis];
        }

        return new SlidingWindow(Kernel, Strides, Dilations, before, after, [.. sizes], outputs);
    }

    // Elements between the first and the last that a window sees.
    private long Reach(int axis) => Dilations[axis] * (Kernel[axis] - 1);

    // A last window that would begin in the padding behind the input does not count.
    private long Steps(long room, long stride, long end)
    {
        var steps = RoundsUp ? (room + stride - 1) / stride : room / stride;
        return RoundsUp && steps * stride >= end ? steps - 1 : steps;
    }

    private static long[] Read(Node node, string attribute, int count, long otherwise)
    {
        var stated = node.Ints(attribute) ?? [];
        return [.. Enumerable.Range(0, count).Select(i => i < stated.Length ? stated[i] : otherwise)];
    }

    private static long[] Ones(int count) => [.. Enumerable.Repeat(1L, count)];
}
