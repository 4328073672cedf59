using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Operators;

/// <summary><c>X [N, C, D...] → Y [N, C, D'...]</c>, each channel by itself: windows, or everything for the global ones.</summary>
internal sealed class Pool : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (node.Outputs.Count > 1 && node.Outputs[1] is not null)
        {
            flow.Block(node, "also gives the places of the maxima, counted over all channels");
            return;
        }

        for (var axis = 2; axis < ChannelFlow.Rank(x); axis++)
        {
            flow.Pin(node, x, axis, "pools over this axis");
        }

        flow.Set(node.Output, 0, flow.Channels(x, 0));
        flow.Set(node.Output, 1, flow.Channels(x, 1));
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is not { Rank: > 2 } x ? null
        : node.OpType.StartsWith("Global", StringComparison.Ordinal) ? [x[0], x[1], .. x.Skip(2).Select(_ => new Dim(1))]
        : node.Ints("kernel_shape") is { } kernel && kernel.Length == x.Rank - 2
            ? [x[0], x[1], .. Conv.Lengths(ConvGeometry.Of(node, kernel), x)]
        : null;

    /// <summary>A constant stays the same constant, as long as an average does not count the padding.</summary>
    public override ChannelMoments? Moments(Node node, MomentsFlow flow) =>
        node.OpType is "GlobalAveragePool" or "GlobalMaxPool" or "MaxPool"
            || (node.OpType == "AveragePool" && node.Int("count_include_pad", 0) == 0)
            ? node.OpType is "GlobalAveragePool" or "AveragePool" ? flow.Of(node.Required(0)) : flow.Of(node.Required(0))?.OnlyConstants()
            : null;
}
