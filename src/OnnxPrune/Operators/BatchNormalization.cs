using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>X [N, C, D...], scale [C], B [C], mean [C], var [C] → Y [N, C, D...]</c>, in inference form:
/// <c>Y = scale · (X − mean) / sqrt(var + epsilon) + B</c>, each channel by itself.
/// </summary>
internal sealed class BatchNormalization : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (Enumerable.Range(1, 4).Any(i => flow.Constants[node.Required(i)] is not { Rank: 1 }) || node.Int("training_mode", 0) != 0)
        {
            flow.Block(node, "has parameters that are no constant vectors, or is in training mode");
            return;
        }

        flow.Pass(x, node.Output);
        for (var i = 1; i <= 4; i++)
        {
            flow.Bind(node, i, 0, flow.Channels(x, 1));
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => terms.ShapeOf(node.Required(0));

    public override IEnumerable<(ValueAxis Axis, long Length)> Wants(Node node, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(1)) is { Rank: 1 } scale && scale[0].Size is { } length
        ? LengthsBehind(node, terms).Prepend((new ValueAxis(node.Required(0), 1), length))
        : LengthsBehind(node, terms);

    /// <summary>
    /// After training, the input of a BatchNormalization has the stored mean and variance, so its output has mean B and standard
    /// deviation |scale| (up to epsilon). A constant input gives a constant output.
    /// </summary>
    public override ChannelMoments? Moments(Node node, MomentsFlow flow)
    {
        var parameters = Enumerable.Range(1, 4).Select(i => flow.Constants[node.Required(i)]?.ToDoubles()).ToArray();
        if (parameters.Any(p => p is null))
        {
            return null;
        }

        var (scale, shift, mean, variance) = (parameters[0]!, parameters[1]!, parameters[2]!, parameters[3]!);
        var epsilon = node.Float("epsilon", 1e-5f);
        var input = flow.Of(node.Required(0));
        var moments = ChannelMoments.Of(axis: 1, scale.Length, channel =>
        {
            var factor = scale[channel] / Math.Sqrt(variance[channel] + epsilon);
            return input is { Axis: 1 } && input[channel] is { IsConstant: true } constant
                ? Moment.Constant((factor * (constant.Mean - mean[channel])) + shift[channel])
                : scale[channel] == 0
                    ? Moment.Constant(shift[channel])
                    : new Moment(shift[channel], factor * factor * variance[channel]);
        });
        return moments.From(node);
    }
}
