using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// LayerNormalization, RMSNormalization: mean and variance over all axes from 'axis' on, whose channels therefore stay; the axes
/// before it pass.
/// </summary>
internal sealed class LayerNormalization : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        var rank = ChannelFlow.Rank(x);
        var first = (int)node.Int("axis", -1) is var axis && axis < 0 ? axis + rank : axis;
        if (node.Outputs.Skip(1).Any(o => o is not null))
        {
            flow.Block(node, "also gives the statistics that it normalizes by");
            return;
        }

        if (node.Inputs.Skip(1).OfType<Value>().Any(p => flow.Constants[p] is null))
        {
            flow.Block(node, "scales or shifts by values that are computed");
            return;
        }

        if (node.Inputs.Skip(1).OfType<Value>().Any(p => flow.Constants[p]!.Dims.SkipLast(Math.Max(0, rank - first)).Any(d => d != 1)))
        {
            flow.Block(node, "scales or shifts by values that differ along axes before those that it normalizes");
            return;
        }

        for (var k = 0; k < rank; k++)
        {
            if (k < first)
            {
                flow.Set(node.Output, k, flow.Channels(x, k));
            }
            else
            {
                flow.Pin(node, x, k, "normalizes by a mean and variance over all of them, which change when one leaves");
            }
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        output == 0 ? terms.ShapeOf(node.Required(0)) : null;
}
