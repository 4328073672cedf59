using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Resize (inputs X, roi, scales, sizes, since opset 11; X, scales in opset 10) and Upsample (X, scales; an attribute before
/// opset 9): channels pass along axes that keep their length. A list of sizes names the channel count, which follows a cut.
/// </summary>
internal sealed class Resize : Operator
{
    private const int StatedSizes = 3;

    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        if (x.Shape is not { } shape || node.Output.Shape is not { } result || result.Rank != shape.Rank)
        {
            flow.Block(node, "resizes a value of unknown rank");
            return;
        }

        if (Axes(node, shape.Rank) is not { } axes)
        {
            flow.Block(node, "resizes axes that it does not have");
            return;
        }

        var sizes = flow.Terms[node.Input(StatedSizes)];
        for (var axis = 0; axis < shape.Rank; axis++)
        {
            if (flow.Channels(x, axis) is not { } channels)
            {
                continue;
            }

            var listed = Array.IndexOf(axes, axis);
            var keepsLength = listed < 0 || (node.Input(StatedSizes) is null ? result[axis].Size == channels.Length
                : sizes?.ElementAtOrDefault(listed).Known == channels.Length
                    && node.String("keep_aspect_ratio_policy", "stretch") == "stretch");
            if (keepsLength)
            {
                flow.Set(node.Output, axis, channels);
            }
            else
            {
                flow.Pin(node, x, axis, "resizes this axis, or to a size that cannot follow a cut");
            }
        }

        flow.FollowLengths(node, StatedSizes, i => i < axes.Length ? flow.Channels(node.Output, axes[i]) : null);
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.ShapeOf(node.Required(0)) is not { } x || Axes(node, x.Rank) is not { } axes)
        {
            return null;
        }

        var dims = x.ToArray();
        var sizes = node.Input(StatedSizes) is { } stated ? terms[stated] : null;
        var scales = node.Input(StatedSizes) is null ? Scales(node, terms.Constants) : null;
        for (var i = 0; i < axes.Length; i++)
        {
            var from = x[axes[i]];
            dims[axes[i]] = sizes is not null && i < sizes.Length && node.String("keep_aspect_ratio_policy", "stretch") == "stretch"
                ? terms.DimOf(sizes[i])
                : scales is null || i >= scales.Length ? Dim.Unknown
                : scales[i] == 1 ? from
                : from.Size is { } size ? new Dim((long)Math.Floor(size * scales[i]))
                : Dim.Unknown;
        }

        return dims;
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        if (Axes(node, ChannelFlow.Rank(node.Required(0))) is { } axes)
        {
            cut.SetLengths(node, "sizes", StatedSizes, i => i < axes.Length ? cut.Keep(node.Output, axes[i]) : null);
        }
    }

    /// <summary>The axes that scales and sizes are about; null where one does not exist.</summary>
    private static int[]? Axes(Node node, int rank)
    {
        var axes = node.Ints("axes") is { } stated
            ? Array.ConvertAll(stated, a => a < 0 ? a + rank : a)
            : [.. Enumerable.Range(0, rank).Select(a => (long)a)];
        return axes.All(a => a >= 0 && a < rank) ? Array.ConvertAll(axes, a => (int)a) : null;
    }

    private static float[]? Scales(Node node, ConstantValues constants) =>
        node.Inputs.Count == 1 ? node.Attribute("scales")?.Value as float[]
        : constants[node.Input(node.Inputs.Count == 2 ? 1 : 2)] is { ElementType: ElementType.Float } scales ? scales.ToFloats()
        : null;
}
