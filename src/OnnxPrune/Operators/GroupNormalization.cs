using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>X [N, C, D...], scale [C], B [C] → Y [N, C, D...]</c> (scale and B per group before opset 21): the channels of a group are
/// normalized together, so that they leave together; groups leave whole.
/// </summary>
internal sealed class GroupNormalization : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (flow.Constants[node.Required(1)] is not { Rank: 1 } scale || flow.Constants[node.Required(2)] is not { Rank: 1 })
        {
            flow.Block(node, "has parameters that are no constant vectors");
            return;
        }

        for (var axis = 2; axis < ChannelFlow.Rank(x); axis++)
        {
            flow.Pin(node, x, axis, "normalizes over this axis");
        }

        flow.Pass(x, node.Output);
        if (flow.Channels(x, 1) is not { } channels)
        {
            return;
        }

        var groups = node.Int("num_groups", 0);
        if (groups < 1 || channels.Length % groups != 0)
        {
            flow.Block(node, "normalizes groups that are no whole channels");
            return;
        }

        var perGroup = channels.Length / (int)groups;
        for (var i = 0; i < channels.Length; i++)
        {
            flow.Couple(channels[i / perGroup * perGroup], channels[i]);
        }

        // Of one channel per group; the others are coupled with it.
        var bound = scale.Count == groups ? [.. channels.Where((_, i) => i % perGroup == 0)] : channels;
        flow.Bind(node, 1, 0, bound);
        flow.Bind(node, 2, 0, bound);
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => terms.ShapeOf(node.Required(0));

    public override void Rewrite(Node node, ChannelCut cut)
    {
        var x = node.Required(0);
        if (cut.Changes(x, 1) && cut.Keep(x, 1) is { } keep)
        {
            node.Set("num_groups", node.Int("num_groups", 0) * keep.Count / keep.AxisLength);
        }
    }
}
