using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>Along its axis, Y's channels are the inputs' lists one after the other; along the others, the inputs' channels become equal.</summary>
internal sealed class Concat : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var inputs = node.Inputs.OfType<Value>().ToArray();
        if (!inputs.Any(flow.HasChannels))
        {
            return;
        }

        if (inputs.FirstOrDefault(i => Dims(i, flow) is null) is { } unknown)
        {
            flow.Block(node, $"joins '{unknown.Name}', whose shape is unknown");
            return;
        }

        var rank = Dims(inputs[0], flow)!.Length;
        var joined = (int)node.Int("axis", 1);
        joined = joined < 0 ? joined + rank : joined;
        for (var axis = 0; axis < rank; axis++)
        {
            if (axis == joined)
            {
                Join(node, flow, inputs, axis);
            }
            else
            {
                Match(node, flow, inputs, axis);
            }
        }
    }

    private static void Join(Node node, ChannelFlow flow, Value[] inputs, int axis)
    {
        if (!inputs.Any(i => flow.Channels(i, axis) is not null))
        {
            return;
        }

        var ids = new List<int>();
        foreach (var input in inputs)
        {
            if (flow.Channels(input, axis) is { } channels && !flow.IsConstant(input))
            {
                ids.AddRange(channels);
            }
            else if (Dims(input, flow)![axis] is { } length)
            {
                // These stay, but they have their place in the list.
                var fixedIds = flow.Fresh(node, checked((int)length), axis);
                flow.Pin(fixedIds, new PinReason(node, $"{node} takes them from {ChannelFlow.Describe(input)}"));
                ids.AddRange(fixedIds);
            }
            else
            {
                flow.Block(node, $"joins '{input.Name}', whose length is unknown");
                return;
            }
        }

        flow.Set(node.Output, axis, [.. ids]);
    }

    private static void Match(Node node, ChannelFlow flow, Value[] inputs, int axis)
    {
        var first = inputs.Select(i => flow.Channels(i, axis)).FirstOrDefault(c => c is not null);
        foreach (var input in inputs)
        {
            if (first is not null && flow.Channels(input, axis) is { } own && own.Length == first.Length)
            {
                flow.Couple(first, own);
            }
            else if (first is not null)
            {
                flow.Pin(first, new PinReason(node, $"{node} joins them with {ChannelFlow.Describe(input)}, which has no channels along that axis"));
            }
        }

        flow.Set(node.Output, axis, first);
    }

    private static long?[]? Dims(Value value, ChannelFlow flow) =>
        flow.Constants[value] is { } constant ? [.. constant.Dims.Select(d => (long?)d)] : value.Shape?.Select(d => d.Size).ToArray();
}
