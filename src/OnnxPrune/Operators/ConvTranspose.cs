using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>X [N, C, D...], W [C, M/group, k...], B [M] → Y [N, M, D'...]</c>: like <see cref="Conv"/> with W's first two axes in the other
/// order.
/// </summary>
internal sealed class ConvTranspose : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (flow.Constants[node.Required(1)] is not { Rank: >= 3 } weight)
        {
            flow.Block(node, "has a weight that is no constant");
            return;
        }

        Conv.CheckBias(node, flow);
        for (var axis = 2; axis < ChannelFlow.Rank(x); axis++)
        {
            flow.Pin(node, x, axis, "slides over this axis");
        }

        var group = checked((int)node.Int("group", 1));
        var (inputs, perGroup) = (flow.Channels(x, 1), checked((int)weight.Dims[1]));
        if (group < 1 || weight.Dims[0] % group != 0 || (inputs is not null && inputs.Length != weight.Dims[0]))
        {
            throw new BrokenModelException(
                $"{node}: its weight wants {weight.Dims[0]} input channels in {group} groups, but '{x.Name}' carries "
                    + $"{inputs?.Length ?? 0}.");
        }

        int[]? made;
        if (group > 1 && group == weight.Dims[0])
        {
            // Depthwise: output channel g·m + j belongs to input channel g.
            made = inputs is null ? null : Enumerable.Range(0, group * perGroup).Select(m => inputs[m / perGroup]).ToArray();
            flow.Bind(node, 1, 0, inputs);
            flow.Bind(node, 1, 1, null);
        }
        else
        {
            if (inputs is not null)
            {
                Conv.TieGroups(inputs, group, flow);
            }

            flow.Bind(node, 1, 0, inputs);
            flow.Reads(node, 0, 1);
            var first = flow.Produce(node, 1, weightAxis: 1, outputAxis: 1);
            made = [.. Enumerable.Range(0, group * perGroup).Select(m => first[m % perGroup])];
        }

        flow.Bind(node, 2, 0, made);
        flow.Set(node.Output, 1, made);
        flow.Set(node.Output, 0, flow.Channels(x, 0));
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is { } x && terms.ShapeOf(node.Required(1)) is { } w && x.Rank == w.Rank && x.Rank > 2
            ? [x[0], w[1].Size is { } perGroup ? new Dim(
                perGroup * node.Int("group", 1)) : Dim.Unknown, .. Conv.Kernel(node, w) is { } kernel ? Lengths(
                    node, x, ConvGeometry.Of(node, kernel)) : x.Skip(2).Select(_ =>
                Dim.Unknown)]
            : null;

    public override void Rewrite(Node node, ChannelCut cut)
    {
        if (node.Int("group", 1) is > 1 and var group
            && group == cut.Graph.Constants[node.Input(1)]?.Dims[0]
            && cut.Keep(node.Required(0), 1) is { } keep)
        {
            node.Set("group", (long)keep.Count);
        }
    }

    public override MacTerm? Macs(Node node, CostShapes shapes)
    {
        if (shapes.OfOperand(node.Input(1)) is not { Count: >= 3 } weight
            || shapes.OfOperand(node.Required(0)) is not { Count: >= 3 } x)
        {
            return null;
        }

        var kernel = weight.Skip(2).Aggregate(1L, (a, b) => a * b);
        return new MacTerm(
            kernel * x[0] * x.Skip(2).Aggregate(1L, (a, b) => a * b),
            [new(node.Inputs[1]!, 0), new(node.Inputs[1]!, 1)])
        { OutputAxis = 1 };
    }

    internal override WeightLayout? Weight(Node node, int input) => input == 1 ? new WeightLayout(1, 0, node.Int("group", 1)) : null;

    private static IEnumerable<Dim> Lengths(Node node, Shape x, ConvGeometry windows)
    {
        var (stated, added, axes) = (node.Ints("output_shape"), node.Ints("output_padding") ?? [], windows.Kernel.Length);
        return Enumerable.Range(0, axes).Select(axis => stated?.Length >= axes
            ? new Dim(stated[stated.Length - axes + axis])
            : windows.TransposedOutput(axis, x[axis + 2], axis < added.Length ? added[axis] : 0));
    }
}
