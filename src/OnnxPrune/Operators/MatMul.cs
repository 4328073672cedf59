using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>Y [..., M, N] = A [..., M, K] · B [..., K, N]</c>, after NumPy. One operand may be a constant of two axes: it reads the
/// channels along K and makes fresh ones. Two computed operands couple their channels along K, and pass on M and N.
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
        if (rankA < 2 || rankB < 2 || (flow.IsConstant(a) && rankA != 2) || (flow.IsConstant(b) && rankB != 2))
        {
            flow.Block(node, "multiplies operands whose rank is below 2, unknown, or above 2 for a constant");
            return;
        }

        var rank = Math.Max(rankA, rankB);
        if (flow.IsConstant(b))
        {
            flow.Bind(node, 1, 0, flow.Channels(a, rankA - 1));
            flow.Reads(node, 0, rankA - 1);
            PassFront(node, flow, a, rankA - 1);
            flow.Set(node.Output, rank - 1, flow.Produce(node, 1, 1, rank - 1));
        }
        else if (flow.IsConstant(a))
        {
            flow.Bind(node, 0, 1, flow.Channels(b, rankB - 2));
            flow.Reads(node, 1, rankB - 2);
            PassFront(node, flow, b, rankB - 2);
            flow.Set(node.Output, rank - 2, flow.Produce(node, 0, 0, rank - 2));
            flow.Set(node.Output, rank - 1, flow.Channels(b, rankB - 1));
        }
        else
        {
            FlowComputed(node, flow, a, b, rankA, rankB);
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

    private static void FlowComputed(Node node, ChannelFlow flow, Value a, Value b, int rankA, int rankB)
    {
        var (left, right) = (flow.Channels(a, rankA - 1), flow.Channels(b, rankB - 2));
        if (left is not null && right is not null && left.Length == right.Length)
        {
            flow.Couple(left, right);
            flow.Reads(node, 0, rankA - 1);
            flow.Reads(node, 1, rankB - 2);
        }
        else
        {
            flow.Pin(node, a, rankA - 1, "sums over them together with something that has no channels");
            flow.Pin(node, b, rankB - 2, "sums over them together with something that has no channels");
        }

        for (var axis = 0; axis < rankA - 2; axis++)
        {
            flow.Pin(node, a, axis, "has them as a batch axis");
        }

        for (var axis = 0; axis < rankB - 2; axis++)
        {
            flow.Pin(node, b, axis, "has them as a batch axis");
        }

        var rank = Math.Max(rankA, rankB);
        flow.Set(node.Output, rank - 2, flow.Channels(a, rankA - 2));
        flow.Set(node.Output, rank - 1, flow.Channels(b, rankB - 1));
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
