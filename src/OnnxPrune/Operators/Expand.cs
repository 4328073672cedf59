using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Y = X with axes of length 1 repeated and axes put in front, up to the lengths of a target, of which exporters compute some. Axes that
/// keep their length pass. Along an axis that is repeated all of Y is alike, so that it shrinks with the channels whose number the target
/// says.
/// </summary>
internal sealed class Expand : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (flow.Terms[node.Input(1)] is not { } lengths
            || flow.Terms.ShapeOf(x) is not { } shape
            || node.Output.Shape is not { } result
            || result.Rank != Math.Max(shape.Rank, lengths.Length))
        {
            flow.Block(node, "repeats them up to lengths that are not known beforehand");
            return;
        }

        var repeated = Enumerable.Range(0, result.Rank).Where(axis => IsRepeated(shape, lengths, result.Rank, axis)).ToArray();
        for (var axis = 0; axis < result.Rank; axis++)
        {
            var from = axis - result.Rank + shape.Rank;
            if (!repeated.Contains(axis))
            {
                flow.Set(node.Output, axis, from >= 0 && !flow.IsConstant(x) ? flow.Channels(x, from) : null);
                continue;
            }

            if (from >= 0)
            {
                flow.Pin(node, x, from, "repeats this one channel along an axis");
            }

            // Channels lie on the second axis, or on the only one that is repeated; elsewhere they would only be pinned again.
            flow.Set(node.Output, axis, Uniform.Along(
                node, flow, lengths[axis - result.Rank + lengths.Length], axis, isChannelAxis: axis == 1 || (axis > 1
                && repeated.Length == 1)));
        }

        if (flow.Constants[x] is { Rank: >= 3 } constant
            && result.Rank - constant.Rank is <= 1 and var added
            && constant.Dims[1 - added] > 1)
        {
            flow.Set(node.Output, 1, flow.Produce(node, 0, 1 - added, 1));
        }

        flow.FollowLengths(node, 1, i => flow.Channels(node.Output, i + result.Rank - lengths.Length));
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is { } x && terms[node.Input(1)] is { } lengths
        ? Broadcast.Together([[.. x], Array.ConvertAll(lengths, terms.DimOf)])
        : null;

    public override void Rewrite(Node node, ChannelCut cut)
    {
        if (cut.Graph.Terms[node.Input(1)] is { } lengths)
        {
            var added = ChannelFlow.Rank(node.Output) - lengths.Length;
            cut.SetLengths(node, "shape", 1, i => lengths[i].Known == 1 ? null : cut.Keep(node.Output, i + added));
        }
    }

    /// <summary>True if the output's axis holds one element of X again and again, or may.</summary>
    private static bool IsRepeated(Shape x, DimTerm[] lengths, int rank, int axis)
    {
        var (from, at) = (axis - rank + x.Rank, axis - rank + lengths.Length);
        return at >= 0 && lengths[at].Known != 1 && (from < 0 || x[from].Size == 1);
    }
}
