using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>X, indices [i...] → Y</c>: X's axis is replaced by the axes of the indices. Constant indices of at most one axis take their
/// channels along, and are renumbered after a cut; others pin them. The other axes pass.
/// </summary>
internal sealed class Gather : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (!flow.HasChannels(x))
        {
            return;
        }

        var (rank, axis) = (ChannelFlow.Rank(x), Axis(node));
        if (node.Required(1) is var indexValue && (flow.Constants[indexValue]?.Rank ?? indexValue.Shape?.Rank) is not { } indexRank)
        {
            flow.Block(node, "gathers with indices of unknown rank");
            return;
        }

        for (var k = 0; k < rank; k++)
        {
            if (k != axis)
            {
                flow.Set(node.Output, k < axis ? k : k + indexRank - 1, flow.Channels(x, k));
                continue;
            }

            var channels = flow.Channels(x, k);
            if (channels is not null && indexRank == 1 && Indices(node, flow.Constants, channels.Length) is { } indices)
            {
                flow.Set(node.Output, k, Array.ConvertAll(indices, i => channels[i]));
            }
            else
            {
                flow.Pin(node, x, k, "picks single ones of them, or by indices that are not known beforehand");
            }
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.ShapeOf(node.Required(0)) is not { } x || terms.ShapeOf(node.Required(1)) is not { } indices)
        {
            return null;
        }

        var axis = (int)node.Int("axis", 0) is var stated && stated < 0 ? stated + x.Rank : stated;
        return [.. x.Take(axis), .. indices, .. x.Skip(axis + 1)];
    }

    public override void Rewrite(Node node, ChannelCut cut)
    {
        var x = node.Required(0);
        if (!cut.Changes(x, Axis(node)) || Indices(node, cut.Graph.Constants, cut.Graph.Channels(x, Axis(node))!.Length) is not { } indices)
        {
            return;
        }

        var channels = cut.Graph.Channels(x, Axis(node))!;
        var newIndex = new int[channels.Length];
        for (int i = 0, next = 0; i < channels.Length; i++)
        {
            newIndex[i] = cut.Stays(channels[i]) ? next++ : -1;
        }

        cut.SetLongs(node, "indices", 1, [.. indices.Where(i => newIndex[i] >= 0).Select(i => (long)newIndex[i])], isInput: true);
    }

    private static int Axis(Node node) =>
        (int)node.Int("axis", 0) is var axis && axis < 0 ? axis + ChannelFlow.Rank(node.Required(0)) : axis;

    private static int[]? Indices(Node node, Constants.ConstantValues constants, int length) =>
        constants.Longs(node.Input(1)) is { } indices && indices.All(i => i >= -length && i < length)
            ? Array.ConvertAll(indices, i => (int)(i < 0 ? i + length : i))
            : null;
}
