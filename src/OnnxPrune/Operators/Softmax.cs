using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Normalizes along one axis (before opset 13: over all axes from it on), whose channels therefore stay; the others pass.
/// </summary>
internal sealed class Softmax : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        var x = node.Required(0);
        var rank = ChannelFlow.Rank(x);
        var isModern = flow.Model.Opset >= 13;
        var normalized = (int)node.Int("axis", isModern ? -1 : 1);
        normalized = normalized < 0 ? normalized + rank : normalized;
        for (var axis = 0; axis < rank; axis++)
        {
            if (axis == normalized || (!isModern && axis > normalized))
            {
                flow.Pin(node, x, axis, "normalizes over them");
            }
        }

        flow.Pass(x, node.Output);
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => terms.ShapeOf(node.Required(0));
}
