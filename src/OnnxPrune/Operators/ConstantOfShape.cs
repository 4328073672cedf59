using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// One number everywhere, in a shape that the network computes: <c>zeros_like</c> and first states. Y shrinks with the channels whose
/// number the shape says; a length of the second axis that is a number makes channels of its own.
/// </summary>
internal sealed class ConstantOfShape : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        if (flow.Terms[node.Required(0)] is not { } lengths
            || node.Output.Shape?.Rank != lengths.Length
            || flow.Terms[node.Output] is not null)
        {
            return;
        }

        for (var axis = 0; axis < lengths.Length; axis++)
        {
            flow.Set(node.Output, axis, Uniform.Along(node, flow, lengths[axis], axis, isChannelAxis: axis == 1));
        }

        flow.FollowLengths(node, 0, i => flow.Channels(node.Output, i));
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms[node.Required(0)] is { } lengths ? Array.ConvertAll(lengths, terms.DimOf) : null;

    public override void Rewrite(Node node, ChannelCut cut) => cut.SetLengths(node, "shape", 0, i => cut.Keep(node.Output, i));
}
