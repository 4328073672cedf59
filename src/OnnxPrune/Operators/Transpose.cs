using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>Axis i of Y is axis perm[i] of X; without perm the axes are reversed.</summary>
internal sealed class Transpose : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        var rank = ChannelFlow.Rank(x);
        for (var axis = 0; axis < rank; axis++)
        {
            flow.Set(node.Output, axis, flow.Channels(x, (int)(node.Ints("perm")?[axis] ?? rank - 1 - axis)));
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => terms.ShapeOf(node.Required(0)) is { } x
        ? [.. Enumerable.Range(0, x.Rank).Select(axis => x[(int)(node.Ints("perm")?[axis] ?? x.Rank - 1 - axis)])]
        : null;
}
