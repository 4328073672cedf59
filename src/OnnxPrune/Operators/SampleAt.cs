using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// RoiAlign (<c>X [N, C, H, W], regions [R, 4], images [R] → Y [R, C, h, w]</c>) and GridSample (<c>X [N, C, D...], grid → Y [N, C,
/// D'...]</c>): every channel is read at the same places, so channels pass.
/// </summary>
internal sealed class SampleAt : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        for (var axis = 0; axis < ChannelFlow.Rank(x); axis++)
        {
            if (axis != 1)
            {
                flow.Pin(node, x, axis, "reads single places of this axis");
            }
        }

        foreach (var places in node.Inputs.Skip(1).OfType<Value>())
        {
            flow.PinAll(places, new BlockedReason(node, $"{node} reads places from them"));
        }

        flow.Set(node.Output, 1, flow.Channels(x, 1));
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        (terms.ShapeOf(node.Required(0)), terms.ShapeOf(node.Required(1))) switch
        {
            ({ Rank: 4 } x, { Rank: 2 } regions) when node.OpType == "RoiAlign" =>
                [regions[0], x[1], node.Int("output_height", 1), node.Int("output_width", 1)],
            ({ Rank: > 2 } x, { } grid) when node.OpType == "GridSample" && grid.Rank == x.Rank =>
                [x[0], x[1], .. grid.Skip(1).Take(x.Rank - 2)],
            _ => null,
        };
}
