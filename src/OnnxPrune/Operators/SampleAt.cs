using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// RoiAlign (<c>X [N, C, H, W], regions [R, 4], images [R] → Y [R, C, h, w]</c>) and GridSample (<c>X [N, C, D...], grid → Y [N, C, D'...]</c>):
/// every channel is read at the same places, so channels pass.
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
            flow.PinAll(places, new PinReason(node, $"{node} reads places from them"));
        }

        flow.Set(node.Output, 1, flow.Channels(x, 1));
    }
}
