using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Operators;

/// <summary>
/// <c>X [d0, ..., dn] → Y [d0·...·d(axis−1), d(axis)·...·dn]</c>: of [N, C, H, W] and axis 1, each channel becomes H·W neighbours.
/// </summary>
internal sealed class Flatten : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        if (x.Shape is not { } shape)
        {
            return;
        }

        var axis = Split(node, shape);
        if (axis < 0 || axis > shape.Rank)
        {
            throw new BrokenModelException($"{node}: '{x.Name}' {shape} has no axis {node.Int("axis", 1)}.");
        }

        // What the layer behind it reads may tell a length that the input does not.
        IReadOnlyList<Dim> to = node.Output.Shape is { Rank: 2 } known
            ? known
            : [Product(shape, 0, axis), Product(shape, axis, shape.Rank)];
        AxisRegrouping.Flow(node, flow, x, [new AxisBlock(0, axis, 0, 1), new AxisBlock(axis, shape.Rank, 1, 2)], to);
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        terms.ShapeOf(node.Required(0)) is { } x && Split(node, x) is var axis && axis >= 0 && axis <= x.Rank
        ? [Product(x, 0, axis), Product(x, axis, x.Rank)]
        : null;

    public override ChannelMoments? Moments(Node node, MomentsFlow flow) =>
        node.Required(0).Shape is { Rank: 4 } shape && shape[2].Size == 1 && shape[3].Size == 1 ? flow.Of(node.Required(0)) : null;

    private static int Split(Node node, Shape shape) => (int)node.Int("axis", 1) is var axis && axis < 0 ? axis + shape.Rank : axis;

    private static Dim Product(Shape shape, int start, int end)
    {
        if (end - start == 1)
        {
            return shape[start];
        }

        var product = 1L;
        for (var axis = start; axis < end; axis++)
        {
            if (shape[axis].Size is not { } size)
            {
                return Dim.Unknown;
            }

            product *= size;
        }

        return product;
    }
}
