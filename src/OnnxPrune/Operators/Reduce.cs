using OnnxPrune.Channels;
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

        var axes = flow.Constants.LongsOf(node, "axes", 1, out var known);
        if (!known || x.Shape is not { } shape)
        {
            flow.Block(node, "reduces axes that are not known beforehand");
            return;
        }

        var reduced = axes is null or []
            ? node.Int("noop_with_empty_axes", 0) != 0 ? [] : Enumerable.Range(0, shape.Rank).ToHashSet()
            : axes.Select(a => (int)(a < 0 ? a + shape.Rank : a)).ToHashSet();
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
}
