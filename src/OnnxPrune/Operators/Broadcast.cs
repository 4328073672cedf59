using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>Y = f(A, B, ...)</c> element by element with NumPy's broadcasting: axes are aligned from the last one, an axis of length 1
/// is repeated. Along each axis of Y, the inputs' channels become equal, index by index; a constant's axis shrinks with them.
/// </summary>
/// <param name="sum">f for two inputs where it is a sum or a difference, whose statistics are known.</param>
internal sealed class Broadcast(Func<double, double, double>? sum = null) : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var inputs = Enumerable.Range(0, node.Inputs.Count).Where(i => node.Inputs[i] is not null).ToArray();
        if (!inputs.Any(i => flow.HasChannels(node.Inputs[i])))
        {
            return;
        }

        if (inputs.Any(i => Shape(node, i, flow) is null))
        {
            flow.Block(node, $"reads '{node.Inputs[inputs.First(i => Shape(node, i, flow) is null)]!.Name}', whose shape is unknown");
            return;
        }

        if (AlignsOldStyle(node))
        {
            flow.Block(node, "broadcasts with the axis attribute of opset 6, for which there is no rule");
            return;
        }

        var rank = inputs.Max(i => Shape(node, i, flow)!.Rank);
        for (var axis = 0; axis < rank; axis++)
        {
            FlowAlong(node, flow, inputs, axis - rank);
        }
    }

    public override ChannelMoments? Moments(Node node, MomentsFlow flow)
    {
        if (sum is null || node.Inputs.Count != 2 || flow.Of(node.Required(0)) is not { } a || flow.Of(node.Required(1)) is not { } b || a.Axis != b.Axis)
        {
            return null;
        }

        // Variances add up for independent operands; a constant one is independent of anything.
        return a.IsConstant || b.IsConstant ? a.Combine(b, sum) : null;
    }

    /// <param name="fromEnd">The axis, counted from the end: -1 is the last one.</param>
    private static void FlowAlong(Node node, ChannelFlow flow, int[] inputs, int fromEnd)
    {
        var carriers = inputs.Where(i => Channels(node, i, fromEnd, flow) is not null && !flow.IsConstant(node.Inputs[i])).ToArray();
        if (carriers.Length == 0)
        {
            return;
        }

        var longest = carriers.MaxBy(i => Channels(node, i, fromEnd, flow)!.Length);
        var ids = Channels(node, longest, fromEnd, flow)!;
        foreach (var i in inputs)
        {
            var value = node.Inputs[i]!;
            var shape = Shape(node, i, flow)!;
            var axis = shape.Rank + fromEnd;
            if (axis < 0)
            {
                continue;
            }

            var own = flow.Channels(value, axis);
            if (shape[axis].Size == 1 && ids.Length > 1)
            {
                flow.Pin(node, value, axis, "repeats this one channel along an axis");
            }
            else if (flow.IsConstant(value))
            {
                flow.Bind(node, i, axis, ids);
            }
            else if (own is null)
            {
                // Also when the length is unknown and may be 1.
                flow.Pin(ids, new PinReason(node, $"{node} combines them with {ChannelFlow.Describe(value)}, which has no channels that could be cut"));
            }
            else if (own.Length != ids.Length)
            {
                throw new BrokenModelException($"{node}: {own.Length} and {ids.Length} channels do not fit together.");
            }
            else
            {
                flow.Couple(ids, own);
            }
        }

        var output = node.Output;
        flow.Set(output, inputs.Max(i => Shape(node, i, flow)!.Rank) + fromEnd, ids);
    }

    private static int[]? Channels(Node node, int input, int fromEnd, ChannelFlow flow) =>
        Shape(node, input, flow)!.Rank + fromEnd is >= 0 and var axis ? flow.Channels(node.Inputs[input]!, axis) : null;

    private static Graphs.Shape? Shape(Node node, int input, ChannelFlow flow) =>
        flow.Constants[node.Inputs[input]] is { } constant ? new Graphs.Shape(constant.Dims.Select(d => new Dim(d))) : node.Inputs[input]!.Shape;

    // Before opset 7, 'broadcast' and 'axis' aligned the second operand from the left.
    private static bool AlignsOldStyle(Node node) => node.Int("broadcast", 0) != 0 && node.Attribute("axis") is not null;
}
