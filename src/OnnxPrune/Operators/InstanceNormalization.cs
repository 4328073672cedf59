using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary><c>X [N, C, D...], scale [C], B [C] → Y [N, C, D...]</c>: each channel of each sample is normalized by itself.</summary>
internal sealed class InstanceNormalization : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (flow.Constants[node.Required(1)] is not { Rank: 1 } || flow.Constants[node.Required(2)] is not { Rank: 1 })
        {
            flow.Block(node, "has parameters that are no constant vectors");
            return;
        }

        for (var axis = 2; axis < ChannelFlow.Rank(x); axis++)
        {
            flow.Pin(node, x, axis, "normalizes over this axis");
        }

        flow.Pass(x, node.Output);
        flow.Bind(node, 1, 0, flow.Channels(x, 1));
        flow.Bind(node, 2, 0, flow.Channels(x, 1));
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => terms.ShapeOf(node.Required(0));
}
