using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// A regular part of X along some axes: attributes before opset 10, inputs 'starts', 'ends', 'axes', 'steps' after. Y has that part
/// of the channels. Neighbours that stay are neighbours after a cut, so that bounds can follow; strides over channels cannot.
/// </summary>
internal sealed class Slice : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        if (Axes(node, flow.Constants, ChannelFlow.Rank(x)) is not { } axes)
        {
            flow.Block(node, "slices axes that are not known beforehand");
            return;
        }

        if (CanRewrite(node, flow.Terms))
        {
            flow.UnderstandsShape(node, 1);
            flow.UnderstandsShape(node, 2);
        }

        for (var axis = 0; axis < ChannelFlow.Rank(x); axis++)
        {
            if (flow.Channels(x, axis) is not { } channels)
            {
                continue;
            }

            if (!axes.Contains(axis))
            {
                flow.Set(node.Output, axis, channels);
            }
            else if (Range(node, flow.Terms, Array.IndexOf(axes, axis), channels.Length) is { Step: 1 } range
                && CanRewrite(node, flow.Terms))
            {
                flow.Set(node.Output, axis, channels[(int)range.Start..(int)(range.Start + range.Count)]);
            }
            else
            {
                flow.Pin(node, x, axis, "takes a part of them that is not contiguous or not known beforehand");
            }
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.ShapeOf(node.Required(0)) is not { } x)
        {
            return null;
        }

        return Axes(node, terms.Constants, x.Rank) is not { } axes
            ? [.. x.Select(_ => Dim.Unknown)]
            : [.. x.Select((d, axis) => Array.IndexOf(axes, axis) is not (>= 0 and var place) ? d
                : d.Size is { } length && Range(node, terms, place, checked((int)length)) is { } range ? new Dim(range.Count)
                : Dim.Unknown)];
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        var x = node.Required(0);
        if (Axes(node, cut.Graph.Constants, ChannelFlow.Rank(x)) is not { } axes
            || (!axes.Any(axis => cut.Changes(x, axis)) && !cut.ChangesNumbers(node, 1) && !cut.ChangesNumbers(node, 2)))
        {
            return;
        }

        var isInput = cut.Graph.Model.Opset >= 10;
        var starts = Bounds(node, cut.Graph.Terms, "starts", 1)!;
        var ends = Bounds(node, cut.Graph.Terms, "ends", 2)!;
        for (var i = 0; i < axes.Length; i++)
        {
            if (cut.Changes(x, axes[i]))
            {
                var channels = cut.Graph.Channels(x, axes[i])!;
                var range = Range(node, cut.Graph.Terms, i, channels.Length)!.Value;
                starts[i] = channels.Take((int)range.Start).Count(cut.Stays);
                ends[i] = starts[i] + channels.Skip((int)range.Start).Take((int)range.Count).Count(cut.Stays);
            }
        }

        cut.SetLongs(node, "starts", 1, starts, isInput);
        cut.SetLongs(node, "ends", 2, ends, isInput);
    }

    private static bool CanRewrite(Node node, ShapeTerms terms) =>
        Bounds(node, terms, "starts", 1) is not null && Bounds(node, terms, "ends", 2) is not null;

    private static SliceRange? Range(Node node, ShapeTerms terms, int place, int length)
    {
        var (starts, ends) = (Terms(node, terms, "starts", 1), Terms(node, terms, "ends", 2));
        var steps = node.Input(4) is { } input ? terms.Known(input) : [];
        return starts?.ElementAtOrDefault(place) is { } start && ends?.ElementAtOrDefault(place) is { } end && steps is not null
            ? SliceRange.Of(start, end, place < steps.Length ? steps[place] : 1, length)
            : null;
    }

    private static long?[]? Terms(Node node, ShapeTerms terms, string attribute, int input) => node.Input(input) is { } value
        ? terms[value]?.Select(t => t.Known).ToArray()
        : node.Ints(attribute)?.Select(n => (long?)n).ToArray();

    private static long[]? Bounds(Node node, ShapeTerms terms, string attribute, int input) =>
        Terms(node, terms, attribute, input) is { } bounds && bounds.All(b => b is not null) ? [.. bounds.Select(b => b!.Value)] : null;

    private static int[]? Axes(Node node, ConstantValues constants, int rank)
    {
        var axes = constants.LongsOf(node, "axes", 3, out var known);
        if (!known)
        {
            return null;
        }

        var count = node.Ints("starts")?.Length ?? constants.Longs(node.Input(1))?.Length ?? (int?)node.Input(1)?.Shape?[0].Size;
        return axes is null
            ? count is { } all ? [.. Enumerable.Range(0, all)] : null
            : Array.ConvertAll(axes, a => (int)(a < 0 ? a + rank : a));
    }
}
