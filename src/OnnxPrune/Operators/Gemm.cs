using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>Y [M, N] = alpha · A' [M, K] · B' [K, N] + beta · C</c>, where A' and B' are transposed as the attributes say and C
/// broadcasts to Y. B is a constant: its K axis reads A's channels, its N axis makes fresh ones.
/// </summary>
internal sealed class Gemm : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        if (flow.Constants[node.Required(1)] is not { Rank: 2 } || (node.Input(2) is { } c && flow.Constants[c] is null))
        {
            flow.Block(node, "has a second or third operand that is no constant");
            return;
        }

        var a = node.Required(0);
        var (rowAxis, inner) = node.Int("transA", 0) != 0 ? (1, 0) : (0, 1);
        var weight = Layout(node);
        flow.Pin(node, a, rowAxis, "has them as rows");
        flow.Bind(node, 1, weight.InputAxis, flow.Channels(a, inner));
        flow.Reads(node, 0, inner);
        var made = flow.Produce(node, 1, weight.OutputAxis, outputAxis: 1);
        if (flow.Constants[node.Input(2)] is { Rank: >= 1 } bias && bias.Dims[^1] != 1)
        {
            flow.Bind(node, 2, bias.Rank - 1, made);
        }
        else if (node.Input(2) is not null && made.Length == 1)
        {
            flow.Pin(made, new BlockedReason(node, $"{node} makes only this one channel"));
        }

        flow.Set(node.Output, 1, made);
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is { Rank: 2 } a && terms.ShapeOf(node.Required(1)) is { Rank: 2 } b
            ? [a[node.Int("transA", 0) != 0 ? 1 : 0], b[Layout(node).OutputAxis]]
            : null;

    public override IEnumerable<(ValueAxis Axis, long Length)> Wants(Node node, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(1)) is { Rank: 2 } b && b[Layout(node).InputAxis].Size is { } length
            ? [(new ValueAxis(node.Required(0), node.Int("transA", 0) != 0 ? 0 : 1), length)]
            : [];

    public override MacTerm? Macs(Node node, CostShapes shapes)
    {
        if (shapes.OfOperand(node.Input(1)) is not { Count: 2 } || shapes[node.Output] is not { Count: 2 } y)
        {
            return null;
        }

        return new MacTerm(y[0], [new(node.Inputs[1]!, 0), new(node.Inputs[1]!, 1)]) { OutputAxis = Layout(node).OutputAxis };
    }

    internal override WeightLayout? Weight(Node node, int input) => input == 1 ? Layout(node) : null;

    private static WeightLayout Layout(Node node) => node.Int("transB", 0) != 0 ? new WeightLayout(0, 1) : new WeightLayout(1, 0);
}
