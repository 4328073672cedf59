using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>The lengths of X's axes. Where they go is followed element by element; see <see cref="Constants.ShapeTerms"/>.</summary>
internal sealed class Shape : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        if (flow.Terms[node.Output] is null || node.Output.IsGraphOutput)
        {
            flow.Block(node, "gives their number away");
        }
    }
}
