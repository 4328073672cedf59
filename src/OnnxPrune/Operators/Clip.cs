using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Operators;

/// <summary><c>Y = min(max(X, low), high)</c>: bounds are scalars, attributes before opset 11 and inputs after.</summary>
internal sealed class Clip : Operator
{
    public override void Flow(Node node, ChannelFlow flow) => flow.Pass(node.Required(0), node.Output);

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => terms.ShapeOf(node.Required(0));

    public override IEnumerable<(ValueAxis Axis, long Length)> Wants(Node node, ShapeTerms terms) => LengthsBehind(node, terms);

    public override ChannelMoments? Moments(Node node, MomentsFlow flow)
    {
        var low = Bound(node, flow, 1, "min", double.NegativeInfinity);
        var high = Bound(node, flow, 2, "max", double.PositiveInfinity);
        return low is null || high is null ? null : flow.Of(node.Required(0))?.Through(x => Math.Min(Math.Max(x, low.Value), high.Value));
    }

    private static double? Bound(Node node, MomentsFlow flow, int input, string attribute, double open) => node.Input(input) is { } value
        ? flow.Constants[value] is { Count: 1 } tensor ? tensor.ToDoubles()[0] : null
        : node.Attribute(attribute) is { Value: float bound } ? bound : open;
}
