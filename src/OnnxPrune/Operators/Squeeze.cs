using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>Y = X without axes of length 1: those given (attribute, or input since opset 13), or all of them.</summary>
internal sealed class Squeeze : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        var axes = flow.Constants.LongsOf(node, "axes", 1, out var known);
        if (!known || x.Shape is not { } shape || (axes is null && !shape.IsKnown))
        {
            flow.Block(node, "drops axes that are not known beforehand");
            return;
        }

        var to = 0;
        for (var axis = 0; axis < shape.Rank; axis++)
        {
            if (axes is null ? shape[axis].Size == 1 : axes.Contains(axis) || axes.Contains(axis - shape.Rank))
            {
                flow.Pin(node, x, axis, "drops this axis");
            }
            else
            {
                flow.Set(node.Output, to++, flow.Channels(x, axis));
            }
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        var axes = terms.Constants.LongsOf(node, "axes", 1, out var known);
        return !known || terms.ShapeOf(node.Required(0)) is not { } x || (axes is null && !x.IsKnown)
            ? null
            : [.. x.Where((d, axis) => axes is null ? d.Size != 1 : !axes.Contains(axis) && !axes.Contains(axis - x.Rank))];
    }
    /// <summary>Without axes, channels that are cut to one would be dropped as well: so what was dropped before is written out.</summary>
    public override void Rewrite(Node node, ChannelCut cut)
    {
        var x = node.Required(0);
        if (node.Input(1) is not null || node.Ints("axes") is not null || x.Shape is not { } shape
            || !Enumerable.Range(0, shape.Rank).Any(axis => cut.Changes(x, axis)))
        {
            return;
        }

        var dropped = Enumerable.Range(0, shape.Rank).Where(axis => shape[axis].Size == 1).Select(axis => (long)axis).ToArray();
        cut.SetLongs(node, "axes", 1, dropped, isInput: cut.Graph.Model.Opset >= 13);
    }
}
