using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>The lengths of X's axes. Where they go is followed element by element; see <see cref="Constants.ShapeTerms"/>.</summary>
internal sealed class AxisLengths : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        if (flow.Terms[node.Output] is null || node.Output.IsGraphOutput)
        {
            flow.Block(node, "gives their number away");
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        node.OpType == "Size" ? [] : terms[node.Output] is { } lengths ? [lengths.Length] : [Dim.Unknown];
}
