using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Along its axis, Y's channels are the inputs' lists one after the other; along the others, the inputs' channels become equal. Constants
/// shrink along.
/// </summary>
internal sealed class Concat : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var inputs = node.Inputs.OfType<Value>().ToArray();
        if (!inputs.Any(flow.HasChannels))
        {
            return;
        }

        if (inputs.FirstOrDefault(i => flow.Terms.ShapeOf(i) is null) is { } unknown)
        {
            flow.Block(node, $"joins '{unknown.Name}', whose shape is unknown");
            return;
        }

        var rank = flow.Terms.ShapeOf(inputs[0])!.Rank;
        var joined = (int)node.Int("axis", 1);
        joined = joined < 0 ? joined + rank : joined;
        for (var axis = 0; axis < rank; axis++)
        {
            if (!inputs.Any(i => Carries(flow, i, axis)))
            {
                continue;
            }

            if (axis == joined)
            {
                Join(node, flow, axis);
            }
            else
            {
                Match(node, flow, axis);
            }
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        var parts = node.Inputs.OfType<Value>().Select(terms.ShapeOf).ToArray();
        if (parts.Length == 0 || parts.Any(p => p is null || p.Rank != parts[0]!.Rank))
        {
            return null;
        }

        var joined = (int)node.Int("axis", 1) is var axis && axis < 0 ? axis + parts[0]!.Rank : axis;
        return [.. Enumerable.Range(0, parts[0]!.Rank).Select(i => i == joined
            ? new Dim(parts.Aggregate((long?)0, (sum, p) => sum + p![i].Size))
            : parts.Select(p => p![i]).FirstOrDefault(d => d.IsKnown, parts[0]![i]))];
    }

    private static void Join(Node node, ChannelFlow flow, int axis)
    {
        var ids = new List<int>();
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (node.Inputs[i] is not { } input)
            {
                continue;
            }

            if (flow.Constants[input] is not null)
            {
                // The same numbers whatever is fed: channels as any, which take their part of the constant along.
                ids.AddRange(flow.Produce(node, i, axis, axis));
            }
            else if (Carries(flow, input, axis))
            {
                ids.AddRange(flow.Channels(input, axis)!);
            }
            else if (flow.Terms.ShapeOf(input)![axis].Size is { } length)
            {
                // These stay, but they have their place in the list.
                var fixedIds = flow.Fresh(node, length, axis);
                flow.Pin(fixedIds, new BlockedReason(node, $"{node} takes them from {ChannelFlow.Describe(input)}"));
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

    private static void Match(Node node, ChannelFlow flow, int axis)
    {
        var first = flow.Channels(node.Inputs.First(i => i is not null && Carries(flow, i, axis))!, axis)!;
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (node.Inputs[i] is not { } input)
            {
                continue;
            }

            if (flow.Constants[input] is not null)
            {
                flow.Bind(node, i, axis, first);
            }
            else if (Carries(flow, input, axis) && flow.Channels(input, axis) is { } own && own.Length == first.Length)
            {
                flow.Couple(first, own);
            }
            else
            {
                flow.Pin(first, new BlockedReason(
                    node, $"{node} joins them with {ChannelFlow.Describe(input)}, which has no channels along that axis"));
            }
        }

        flow.Set(node.Output, axis, first);
    }

    private static bool Carries(ChannelFlow flow, Value input, int axis) =>
        !flow.IsConstant(input) && flow.Channels(input, axis) is not null;
}
