using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Divides by the norm along one axis (the last unless it says which). A channel on it that leaves adds zero to the norm, so that it counts
/// as read there, and the others pass.
/// </summary>
internal sealed class LpNormalization : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        var axis = (int)node.Int("axis", -1);
        flow.Reads(node, 0, axis < 0 ? axis + ChannelFlow.Rank(x) : axis);
        flow.Pass(x, node.Output);
    }
}
