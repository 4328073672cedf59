using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>The index of the largest or smallest element along one axis, whose indices therefore must stay; the other axes pass.</summary>
internal sealed class ArgReduce : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        var rank = ChannelFlow.Rank(x);
        var reduced = (int)node.Int("axis", 0);
        reduced = reduced < 0 ? reduced + rank : reduced;
        var to = 0;
        for (var axis = 0; axis < rank; axis++)
        {
            if (axis != reduced)
            {
                flow.Set(node.Output, to++, flow.Channels(x, axis));
                continue;
            }

            to += node.Int("keepdims", 1) == 1 ? 1 : 0;
            flow.Pin(node, x, axis, "gives an index among them");
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.ShapeOf(node.Required(0)) is not { } x)
        {
            return null;
        }

        var reduced = (int)node.Int("axis", 0) is var axis && axis < 0 ? axis + x.Rank : axis;
        return node.Int("keepdims", 1) == 1 ? [.. x.Select((d, i) => i == reduced ? 1 : d)] : [.. x.Where((_, i) => i != reduced)];
    }
}
