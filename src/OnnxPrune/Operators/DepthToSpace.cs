using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>X [N, C, H, W] → Y [N, C/b², H·b, W·b]</c>: the b² channels of X that become one of Y are tied. In mode DCR these are
/// C/b² apart, in mode CRD they are neighbours.
/// </summary>
internal sealed class DepthToSpace : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        var block = checked((int)(node.Int("blocksize", 1) * node.Int("blocksize", 1)));
        flow.Pin(node, x, 2, "spreads over this axis");
        flow.Pin(node, x, 3, "spreads over this axis");
        flow.Set(node.Output, 0, flow.Channels(x, 0));
        if (flow.Channels(x, 1) is not { } channels)
        {
            return;
        }

        if (block < 1 || channels.Length % block != 0)
        {
            throw new BrokenModelException($"{node}: {channels.Length} channels cannot be spread over blocks of {block}.");
        }

        var count = channels.Length / block;
        var isCrd = node.String("mode", "DCR") == "CRD";
        for (var i = 0; i < channels.Length; i++)
        {
            flow.Couple(channels[isCrd ? i / block * block : i % count], channels[i]);
        }

        flow.Set(node.Output, 1, [.. Enumerable.Range(0, count).Select(c => channels[isCrd ? c * block : c])]);
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is { Rank: 4 } x && node.Int("blocksize", 1) is > 0 and var block
        ? [x[0], new Dim(x[1].Size / (block * block)), new Dim(x[2].Size * block), new Dim(x[3].Size * block)]
        : null;
}
