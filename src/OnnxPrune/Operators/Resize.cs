using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Operators;

/// <summary>
/// Resize (inputs X, roi, scales, sizes, since opset 11; X, scales in opset 10) and Upsample (X, scales; an attribute before
/// opset 9): channels pass along axes that keep their length. A list of sizes names the channel count, which follows a cut.
/// </summary>
internal sealed class Resize : Operator
{
    private const int Sizes = 3;

    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        if (x.Shape is not { } shape || node.Output.Shape is not { } result || result.Rank != shape.Rank)
        {
            flow.Block(node, "resizes a value of unknown rank");
            return;
        }

        if (node.Input(Sizes) is not null)
        {
            flow.UnderstandsShape(node, Sizes);
        }

        for (var axis = 0; axis < shape.Rank; axis++)
        {
            if (flow.Channels(x, axis) is not { } channels)
            {
                continue;
            }

            // The runtime cannot tell a computed size beforehand; that it is the length of the very axis says enough.
            var keepsLength = result[axis].Size == channels.Length || (!result[axis].IsKnown && node.Input(Sizes) is not null);
            if (keepsLength && SizeFollows(node, flow, axis))
            {
                flow.Set(node.Output, axis, channels);
            }
            else
            {
                flow.Pin(node, x, axis, "resizes this axis, or to a size that cannot follow a cut");
            }
        }
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        if (node.Input(Sizes) is not { } sizes || cut.Graph.Constants.Longs(sizes) is not { } stated || Axes(node) is not { } axes)
        {
            return;
        }

        var changed = stated.Select((size, i) => cut.Keep(node.Output, (int)axes(i)) is { } keep ? keep.Count : size).ToArray();
        if (!changed.SequenceEqual(stated))
        {
            cut.SetLongs(node, "sizes", Sizes, changed, isInput: true);
        }
    }

    /// <summary>No size is stated for the axis, or it is a constant, or it is the length of the very axis.</summary>
    private static bool SizeFollows(Node node, ChannelFlow flow, int axis)
    {
        if (node.Input(Sizes) is not { } sizes || flow.Constants.Longs(sizes) is not null)
        {
            return true;
        }

        return node.Ints("axes") is null && flow.Terms[sizes] is { } terms && axis < terms.Length
            && terms[axis] is { IsPlain: true, Sources: [var source] }
            && ReferenceEquals(flow.Channels(source.Value, source.Axis), flow.Channels(node.Required(0), axis))
            && !terms.Where((_, i) => i != axis).SelectMany(t => t.Sources).Any(s => flow.Channels(s.Value, s.Axis) is not null);
    }

    private static Func<int, long>? Axes(Node node) => node.Ints("axes") is { } axes
        ? i => axes[i] < 0 ? axes[i] + ChannelFlow.Rank(node.Required(0)) : axes[i]
        : i => i;
}
