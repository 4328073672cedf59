using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>Y [..., M, N] = A [..., M, K] · B [..., K, N]</c>, after NumPy. One operand may be a constant: it reads the channels along K and
/// makes fresh ones. Two computed operands couple their channels along K, and pass on M and N. Along the axes in front, such as the heads
/// of attention, channels become equal as in an addition.
/// </summary>
internal sealed class MatMul : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var (a, b) = (node.Required(0), node.Required(1));
        if (!flow.HasChannels(a) && !flow.HasChannels(b) && !flow.IsConstant(a) && !flow.IsConstant(b))
        {
            return;
        }

        var (rankA, rankB) = (Rank(a, flow), Rank(b, flow));
        if (rankA < 2 || rankB < 2)
        {
            flow.Block(node, "multiplies operands whose rank is below 2 or unknown");
            return;
        }

        var rank = Math.Max(rankA, rankB);
        if (flow.IsConstant(b) && rankB == 2)
        {
            flow.Bind(node, 1, 0, flow.Channels(a, rankA - 1));
            flow.Reads(node, 0, rankA - 1);
            PassFront(node, flow, a, rankA - 1);
            flow.Set(node.Output, rank - 1, flow.Produce(node, 1, 1, rank - 1));
        }
        else if (flow.IsConstant(a) && rankA == 2)
        {
            flow.Bind(node, 0, 1, flow.Channels(b, rankB - 2));
            flow.Reads(node, 1, rankB - 2);
            PassFront(node, flow, b, rankB - 2);
            flow.Set(node.Output, rank - 2, flow.Produce(node, 0, 0, rank - 2));
            flow.Set(node.Output, rank - 1, flow.Channels(b, rankB - 1));
        }
        else
        {
            FlowStacked(node, flow, a, b, rankA, rankB);
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms)
    {
        if (terms.ShapeOf(node.Required(0)) is not { Rank: >= 2 } a || terms.ShapeOf(node.Required(1)) is not { Rank: >= 2 } b)
        {
            return null;
        }

        return [.. Broadcast.Together([[.. a.SkipLast(2)], [.. b.SkipLast(2)]]), a[a.Rank - 2], b[b.Rank - 1]];
    }

    public override IEnumerable<(ValueAxis Axis, long Length)> Wants(Node node, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is { Rank: >= 2 } a
            && terms.ShapeOf(node.Required(1)) is { Rank: >= 2 } b
            && b[b.Rank - 2].Size is { } length ? [(new ValueAxis(node.Required(0), a.Rank - 1), length)] : [];

    public override MacTerm? Macs(Node node, CostShapes shapes)
    {
        if (shapes[node.Output] is not { } y || shapes.OfOperand(node.Required(0)) is not { Count: >= 1 } a)
        {
            return null;
        }

        for (var weight = 0; weight < 2; weight++)
        {
            if (shapes.Constants[node.Input(weight)] is { Rank: 2 } && y.Count >= 2)
            {
                var columns = weight == 1 ? y.Count - 1 : y.Count - 2;
                var rows = y.Where((_, axis) => axis != columns).Aggregate(1L, (p, d) => p * d);
                return new MacTerm(rows, [new(node.Inputs[weight]!, 0), new(node.Inputs[weight]!, 1)]) { OutputAxis = weight };
            }
        }

        // Others: all axes of Y, and A's last one.
        var axes = Enumerable.Range(0, y.Count)
            .Select(axis => new ValueAxis(node.Output, axis))
            .Append(new ValueAxis(node.Inputs[0]!, a.Count - 1));
        return new MacTerm(1, [.. axes]);
    }

    internal override WeightLayout? Weight(Node node, int input) => input is 0 or 1 ? new WeightLayout(input, 1 - input) : null;

    /// <summary>Products of many matrices at once, which lie along the axes in front.</summary>
    private static void FlowStacked(Node node, ChannelFlow flow, Value a, Value b, int rankA, int rankB)
    {
        SumOver(node, flow, (a, rankA - 1), (b, rankB - 2));
        var rank = Math.Max(rankA, rankB);
        for (var fromEnd = 3; fromEnd <= rank; fromEnd++)
        {
            Broadcast.FlowAlong(node, flow, [0, 1], -fromEnd);
        }

        flow.Set(node.Output, rank - 2, flow.IsConstant(a) ? flow.Produce(node, 0, rankA - 2, rank - 2) : flow.Channels(a, rankA - 2));
        flow.Set(node.Output, rank - 1, flow.IsConstant(b) ? flow.Produce(node, 1, rankB - 1, rank - 1) : flow.Channels(b, rankB - 1));
    }

    private static void SumOver(Node node, ChannelFlow flow, (Value Value, int Axis) a, (Value Value, int Axis) b)
    {
        var (left, right) = (flow.Channels(a.Value, a.Axis), flow.Channels(b.Value, b.Axis));
        if (flow.IsConstant(a.Value))
        {
            flow.Bind(node, 0, a.Axis, right);
            flow.Reads(node, 1, b.Axis);
        }
        else if (flow.IsConstant(b.Value))
        {
            flow.Bind(node, 1, b.Axis, left);
            flow.Reads(node, 0, a.Axis);
        }
        else if (left is not null && right is not null && left.Length == right.Length)
        {
            flow.Couple(left, right);
            flow.Reads(node, 0, a.Axis);
            flow.Reads(node, 1, b.Axis);
        }
        else
        {
            flow.Pin(node, a.Value, a.Axis, "sums over them together with something that has no channels");
            flow.Pin(node, b.Value, b.Axis, "sums over them together with something that has no channels");
        }
    }

    private static void PassFront(Node node, ChannelFlow flow, Value value, int axes)
    {
        for (var axis = 0; axis < axes; axis++)
        {
            flow.Set(node.Output, axis, flow.Channels(value, axis));
        }
    }

    private static int Rank(Value value, ChannelFlow flow) => flow.Constants[value]?.Rank ?? ChannelFlow.Rank(value);
}
