using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary><c>X [N, C, H, W] → Y [N, C·b², H/b, W/b]</c>: Y's channels are X's, b² times over.</summary>
internal sealed class SpaceToDepth : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        flow.Pin(node, x, 2, "gathers from this axis");
        flow.Pin(node, x, 3, "gathers from this axis");
        flow.Set(node.Output, 0, flow.Channels(x, 0));
        if (flow.Channels(x, 1) is { } channels)
        {
            var block = checked((int)(node.Int("blocksize", 1) * node.Int("blocksize", 1)));
            if (!ChannelFlow.CanRepeat(channels, block))
            {
                throw new BrokenModelException($"{node}: {channels.Length} channels cannot be repeated {block} times.");
            }

            flow.Set(node.Output, 1, [.. Enumerable.Range(0, channels.Length * block).Select(i => channels[i % channels.Length])]);
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is { Rank: 4 } x && node.Int("blocksize", 1) is > 0 and var block
        ? [x[0], new Dim(x[1].Size * block * block), new Dim(x[2].Size / block), new Dim(x[3].Size / block)]
        : null;
}
