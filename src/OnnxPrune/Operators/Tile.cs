using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Y = X, repeated along each axis as often as the input 'repeats' says: Y's channels are X's, so many times over. Where a single index is
/// repeated, Y is alike along that axis and shrinks with the channels whose number 'repeats' says.
/// </summary>
internal sealed class Tile : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (node.Input(2) is not null
            || flow.Terms.ShapeOf(x) is not { } shape
            || flow.Terms[node.Input(1)] is not { } repeats
            || repeats.Length != shape.Rank)
        {
            flow.Block(node, "repeats them in a way that is not known beforehand");
            return;
        }

        for (var axis = 0; axis < shape.Rank; axis++)
        {
            var channels = flow.IsConstant(x) ? null : flow.Channels(x, axis);
            if (repeats[axis].Known == 1)
            {
                flow.Set(node.Output, axis, channels);
            }
            else if (shape[axis].Size == 1)
            {
                flow.Pin(node, x, axis, "repeats this one channel along an axis");
                flow.Set(node.Output, axis, Uniform.Along(node, flow, repeats[axis], axis, isChannelAxis: axis == 1));
            }
            else if (channels is not null
                && repeats[axis] is { Known: > 1 and var times }
                && ChannelFlow.CanRepeat(channels, times))
            {
                flow.Set(node.Output, axis, [.. Enumerable.Repeat(channels, (int)times).SelectMany(c => c)]);
            }
            else
            {
                flow.Pin(node, x, axis, "repeats them a number of times that is not known beforehand");
            }
        }

        flow.FollowLengths(node, 1, axis => IsRepeatedOne(shape, axis) ? flow.Channels(node.Output, axis) : null);
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        node.Input(2) is null && terms.ShapeOf(node.Required(0)) is { } x && terms[node.Input(1)] is { } repeats && repeats.Length == x.Rank
        ? [.. x.Select((dim, axis) =>
            repeats[axis].Known == 1 ? dim : dim.Size == 1 ? terms.DimOf(repeats[axis]) : new Dim(dim.Size * repeats[axis].Known))]
        : null;

    public override void Rewrite(Node node, ChannelCut cut)
    {
        if (cut.Graph.Terms[node.Input(1)] is { } repeats && cut.Graph.Terms.ShapeOf(node.Required(0)) is { } shape)
        {
            cut.SetLengths(node, "repeats", 1, axis =>
                repeats[axis].Known != 1 && IsRepeatedOne(shape, axis) ? cut.Keep(node.Output, axis) : null);
        }
    }

    private static bool IsRepeatedOne(Shape x, int axis) => x[axis].Size == 1;
}
