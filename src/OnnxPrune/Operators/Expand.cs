using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Operators;

/// <summary>
/// Y = X with axes of length 1 repeated and axes put in front, up to the lengths of a target. Axes that keep their length pass; a constant
/// target names the channel count, which follows a cut.
/// </summary>
internal sealed class Expand : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        if (flow.Constants.Longs(node.Input(1)) is not { } target || x.Shape is not { } shape || node.Output.Shape is not { } result)
        {
            flow.Block(node, "repeats them up to lengths that are not known beforehand");
            return;
        }

        var added = result.Rank - shape.Rank;
        for (var axis = 0; axis < shape.Rank; axis++)
        {
            var at = axis + added - (result.Rank - target.Length);
            if (flow.Channels(x, axis) is { } channels && channels.Length == 1 && at >= 0 && target[at] != 1)
            {
                flow.Pin(node, x, axis, "repeats this one channel along an axis");
            }
            else
            {
                flow.Set(node.Output, axis + added, flow.Channels(x, axis));
            }
        }
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        if (cut.Graph.Constants.Longs(node.Input(1)) is not { } target)
        {
            return;
        }

        var added = ChannelFlow.Rank(node.Output) - target.Length;
        var changed = target.Select((length, i) => length != 1 && cut.Keep(node.Output, i + added) is { } keep ? keep.Count : length).ToArray();
        if (!changed.SequenceEqual(target))
        {
            cut.SetLongs(node, "shape", 1, changed, isInput: true);
        }
    }
}
