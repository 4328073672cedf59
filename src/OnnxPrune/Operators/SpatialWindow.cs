using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>How windows that slide over the axes behind the channels change their lengths: attributes kernel_shape, strides, dilations, pads, auto_pad, ceil_mode.</summary>
internal static class SpatialWindow
{
    /// <summary>The lengths of Conv's and the pools' outputs; open where the input's are, unless the window surely keeps them.</summary>
    public static IEnumerable<Dim> After(Node node, IReadOnlyList<Dim> x, IReadOnlyList<long> kernel)
    {
        var (autoPad, count) = (node.String("auto_pad", "NOTSET"), kernel.Count);
        for (var i = 0; i < count; i++)
        {
            var stride = At(node, "strides", i, 1);
            var reach = At(node, "dilations", i, 1) * (kernel[i] - 1);
            var pads = autoPad == "NOTSET" ? At(node, "pads", i, 0) + At(node, "pads", i + count, 0) : 0;
            var isSame = autoPad.StartsWith("SAME", StringComparison.Ordinal);
            yield return stride < 1 ? Dim.Unknown
                : stride == 1 && (isSame || pads == reach) ? x[i + 2]
                : x[i + 2].Size is not { } size ? Dim.Unknown
                : isSame ? new Dim((size + stride - 1) / stride)
                : new Dim(Math.Max(0, Steps(size + pads - reach - 1, stride, node.Int("ceil_mode", 0) != 0, size + At(node, "pads", i, 0)) + 1));
        }
    }

    /// <summary>The lengths of ConvTranspose's output.</summary>
    public static IEnumerable<Dim> BeforeTransposed(Node node, IReadOnlyList<Dim> x, IReadOnlyList<long> kernel)
    {
        var count = kernel.Count;
        for (var i = 0; i < count; i++)
        {
            var stride = At(node, "strides", i, 1);
            yield return node.Ints("output_shape") is { } stated && stated.Length >= count ? new Dim(stated[stated.Length - count + i])
                : x[i + 2].Size is not { } size ? Dim.Unknown
                : node.String("auto_pad", "NOTSET").StartsWith("SAME", StringComparison.Ordinal) ? new Dim(size * stride)
                : new Dim((stride * (size - 1)) + At(node, "output_padding", i, 0) + (At(node, "dilations", i, 1) * (kernel[i] - 1)) + 1 - At(node, "pads", i, 0) - At(node, "pads", i + count, 0));
        }
    }

    // A last window that would begin in the padding behind the input does not count.
    private static long Steps(long room, long stride, bool roundsUp, long end)
    {
        var steps = roundsUp ? (room + stride - 1) / stride : room / stride;
        return roundsUp && steps * stride >= end ? steps - 1 : steps;
    }

    private static long At(Node node, string attribute, int i, long otherwise) =>
        node.Ints(attribute) is { } values && i < values.Length ? values[i] : otherwise;
}
