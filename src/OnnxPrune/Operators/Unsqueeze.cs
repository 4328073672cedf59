using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>Y = X with axes of length 1 put in, at places counted in Y (attribute, or input since opset 13).</summary>
internal sealed class Unsqueeze : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        if (flow.Constants.LongsOf(node, "axes", 1, out _) is not { } axes)
        {
            flow.Block(node, "puts in axes that are not known beforehand");
            return;
        }

        var rank = ChannelFlow.Rank(x) + axes.Length;
        var from = 0;
        for (var axis = 0; axis < rank; axis++)
        {
            if (!axes.Contains(axis) && !axes.Contains(axis - rank))
            {
                flow.Set(node.Output, axis, flow.Channels(x, from++));
            }
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.Constants.LongsOf(node, "axes", 1, out _) is not { } axes || terms.ShapeOf(node.Required(0)) is not { } x)
        {
            return null;
        }

        var (rank, from) = (x.Rank + axes.Length, 0);
        return [.. Enumerable.Range(0, rank).Select(axis => axes.Contains(axis) || axes.Contains(axis - rank) ? 1 : x[from++])];
    }
}
