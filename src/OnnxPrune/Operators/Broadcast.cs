using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

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

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        var shapes = node.Inputs.OfType<Value>().Select(terms.ShapeOf).ToArray();
        return shapes.Length == 0 || shapes.Contains(null) || AlignsOldStyle(node) ? null : Together([.. shapes.Select(s => s!.ToArray())]);
    }

    /// <summary>The dimensions that shapes broadcast to. An open one may be 1, so that it tells nothing beside another.</summary>
    internal static Dim[] Together(IReadOnlyList<Dim[]> shapes)
    {
        var rank = shapes.Max(s => s.Length);
        return [.. Enumerable.Range(0, rank).Select(axis =>
        {
            var dims = shapes.Where(s => s.Length >= rank - axis).Select(s => s[axis - rank + s.Length]).Where(d => d.Size != 1).ToArray();
            return dims.Length == 0 ? 1
                : dims.FirstOrDefault(d => d.IsKnown) is { IsKnown: true } known ? known
                : dims.All(d => d.SurelyEquals(dims[0])) ? dims[0]
                : Dim.Unknown;
        })];
    }

    public override ChannelMoments? Moments(Node node, MomentsFlow flow)
    {
        if (sum is null || node.Inputs.Count != 2 || flow.Of(node.Required(0)) is not { } a || flow.Of(node.Required(1)) is not { } b
            || a.Axis != b.Axis)
        {
            return null;
        }

        // Variances add up for independent operands; a constant one is independent of anything.
        return a.IsConstant || b.IsConstant ? a.Combine(b, sum) : null;
    }

    /// <summary>Makes the inputs' channels along one axis equal, and those of the output.</summary>
    /// <param name="inputs">The indices of the inputs.</param>
    /// <param name="fromEnd">The axis, counted from the end: -1 is the last one.</param>
    internal static void FlowAlong(Node node, ChannelFlow flow, int[] inputs, int fromEnd)
    {
        var carriers = inputs.Where(i => Channels(node, i, fromEnd, flow) is not null && !flow.IsConstant(node.Inputs[i])).ToArray();
        if (carriers.Length == 0)
        {
            return;
        }

        // One channel beside something longer, or of open length, is repeated.
        var operands = inputs.Where(i => Shape(node, i, flow)!.Rank + fromEnd >= 0).ToArray();
        var isOne = operands.All(i => Length(node, i, fromEnd, flow) == 1);
        var many = carriers.FirstOrDefault(i => isOne || Channels(node, i, fromEnd, flow)!.Length != 1, -1);
        var ids = many < 0 ? null : Channels(node, many, fromEnd, flow);
        foreach (var i in operands)
        {
            FlowOperand(node, flow, i, fromEnd, ids, isOne);
        }

        flow.Set(node.Output, inputs.Max(i => Shape(node, i, flow)!.Rank) + fromEnd, ids);
    }

    /// <param name="ids">The channels of the result; null where it has none.</param>
    private static void FlowOperand(Node node, ChannelFlow flow, int input, int fromEnd, int[]? ids, bool isOne)
    {
        var value = node.Inputs[input]!;
        var axis = Shape(node, input, flow)!.Rank + fromEnd;
        var own = flow.IsConstant(value) ? null : flow.Channels(value, axis);
        if (Length(node, input, fromEnd, flow) == 1 && !isOne)
        {
            if (own is not null)
            {
                flow.Pin(node, value, axis, "repeats this one channel along an axis");
            }
        }
        else if (flow.IsConstant(value))
        {
            if (ids is not null)
            {
                flow.Bind(node, input, axis, ids);
            }
        }
        else if (own is null)
        {
            // Also when the length is unknown and may be 1.
            flow.Pin(ids, new BlockedReason(
                node, $"{node} combines them with {ChannelFlow.Describe(value)}, which has no channels that could be cut"));
        }
        else if (own.Length != ids!.Length)
        {
            throw new BrokenModelException($"{node}: {own.Length} and {ids.Length} channels do not fit together.");
        }
        else
        {
            flow.Couple(ids, own);
        }
    }

    private static long? Length(Node node, int input, int fromEnd, ChannelFlow flow)
    {
        var shape = Shape(node, input, flow)!;
        return flow.IsConstant(node.Inputs[input])
            || Channels(node, input, fromEnd, flow) is not { } channels ? shape[shape.Rank + fromEnd].Size : channels.Length;
    }

    private static int[]? Channels(Node node, int input, int fromEnd, ChannelFlow flow) =>
        Shape(node, input, flow)!.Rank + fromEnd is >= 0 and var axis ? flow.Channels(node.Inputs[input]!, axis) : null;

    private static Shape? Shape(Node node, int input, ChannelFlow flow) => flow.Terms.ShapeOf(node.Inputs[input]!);

    // Before opset 7, 'broadcast' and 'axis' aligned the second operand from the left.
    private static bool AlignsOldStyle(Node node) => node.Int("broadcast", 0) != 0 && node.Attribute("axis") is not null;
}
