using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>X [N, C, D...] → Y</c>: normalizes over some axes (0, 2 and 3 unless it says which), whose channels stay; the others pass.
/// </summary>
internal sealed class MeanVarianceNormalization : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        var rank = ChannelFlow.Rank(x);
        foreach (var axis in node.Ints("axes") ?? [0, 2, 3])
        {
            flow.Pin(node, x, (int)(axis < 0 ? axis + rank : axis), "normalizes over them");
        }

        flow.Pass(x, node.Output);
    }
}
