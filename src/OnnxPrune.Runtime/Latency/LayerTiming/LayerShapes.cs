using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>The layers of a model, as their kernels see them.</summary>
internal static class LayerShapes
{
    /// <summary>Every layer that multiplies by weights; null for the shape of one that <see cref="LayerTimer"/> cannot time.</summary>
    public static IEnumerable<(Node Layer, LayerShape? Shape)> Of(Model model, CostShapes shapes)
    {
        foreach (var node in model.Graph.Nodes)
        {
            if (OperatorTable.Find(node)?.Macs(node, shapes) is { PerElement: > 0 } term)
            {
                yield return (node, Of(node, term, shapes));
            }
        }
    }

    private static LayerShape? Of(Node node, MacTerm term, CostShapes shapes)
    {
        if (shapes.Constants[term.Axes[0].Value] is not { } weight)
        {
            return null;
        }

        long Length(int axis) => weight.Dims[term.Axes[axis].Axis];
        var (outputs, inputs) = (Length(term.OutputAxis), Length(term.InputAxis));
        if (node.OpType is "Gemm" or "MatMul")
        {
            return new LayerShape([], [term.PerElement], inputs, outputs, false);
        }

        var group = node.Int("group", 1);
        var isDepthwise = group > 1 && group == outputs && inputs == 1;
        return node.OpType == "Conv" && (group == 1 || isDepthwise) && shapes[node.Output] is { Count: >= 3 } y && y[0] == 1
            ? new LayerShape([.. weight.Dims.Skip(2)], [.. y.Skip(2)], isDepthwise ? outputs : inputs, outputs, isDepthwise)
            : null;
    }
}
