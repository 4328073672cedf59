using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Y = X with some axes reduced to one element, which is dropped unless keepdims = 1. Other axes keep their channels. Reducing the
/// channels themselves is exact for sums, to which a channel that leaves adds zero; means and maxima pin them.
/// </summary>
internal sealed class Reduce(bool sums) : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        if (x.Shape is not { } shape || Reduced(node, flow.Constants, shape.Rank) is not { } reduced)
        {
            flow.Block(node, "reduces axes that are not known beforehand");
            return;
        }

        var keepsDims = node.Int("keepdims", 1) == 1;
        var to = 0;
        for (var axis = 0; axis < shape.Rank; axis++)
        {
            if (!reduced.Contains(axis))
            {
                flow.Set(node.Output, to++, flow.Channels(x, axis));
                continue;
            }

            to += keepsDims ? 1 : 0;
            if (sums)
            {
                flow.Reads(node, 0, axis);
            }
            else
            {
                flow.Pin(node, x, axis, "reduces them to one value that depends on their number");
            }
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.ShapeOf(node.Required(0)) is not { } x || Reduced(node, terms.Constants, x.Rank) is not { } reduced)
        {
            return null;
        }

        return node.Int("keepdims", 1) == 1
            ? [.. x.Select((d, axis) => reduced.Contains(axis) ? 1 : d)]
            : [.. x.Where((_, axis) => !reduced.Contains(axis))];
    }

    /// <summary>The axes that are reduced; null when they are not known.</summary>
    internal static IReadOnlySet<int>? Reduced(Node node, ConstantValues constants, int rank)
    {
        var axes = constants.LongsOf(node, "axes", 1, out var known);
        return !known ? null
            : axes is not (null or []) ? axes.Select(a => (int)(a < 0 ? a + rank : a)).ToHashSet()
            : node.Int("noop_with_empty_axes", 0) != 0 ? new HashSet<int>()
            : Enumerable.Range(0, rank).ToHashSet();
    }
}
