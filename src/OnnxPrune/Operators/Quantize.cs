using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// QuantizeLinear, DequantizeLinear: Y has the shape of X, and every axis keeps its channels. A vector of scales and one of zero points
/// belong to 'axis' and shrink with it. Of constants, what is stored shrinks: weights stay integers.
/// </summary>
internal sealed class Quantize : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        var rank = ChannelFlow.Rank(x);
        var axis = (int)node.Int("axis", 1) is var stated && stated < 0 ? stated + rank : stated;
        if (flow.Constants[node.Required(1)] is not { Rank: <= 1 } scale || (node.Input(2) is { } zero && !flow.IsConstant(zero)))
        {
            flow.Block(node, "has scales or zero points that are no constant or no vector");
            return;
        }

        flow.Pass(x, node.Output);
        if (scale.Count == 1)
        {
            // One scale for all channels, unless the only one left must be told from a vector.
            return;
        }

        flow.Bind(node, 1, 0, flow.Channels(x, axis));
        flow.Bind(node, 2, 0, flow.Channels(x, axis));
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => terms.ShapeOf(node.Required(0));

    public override IEnumerable<(ValueAxis Axis, long Length)> Wants(Node node, ShapeTerms terms) => LengthsBehind(node, terms);
}
