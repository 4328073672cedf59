using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Quantization;

/// <summary>
/// Operators that have no integer kernel, in the words of others that have one and compute the same.
/// Given: Sum(a, b)   Result: Add(a, b).
/// Given: ReduceMean(x [N, C, D...]) over all axes D, which stay as 1   Result: GlobalAveragePool(x).
/// </summary>
internal static class OperatorReplacement
{
    public static void Apply(Model model)
    {
        var graph = model.Graph;
        var constants = new ConstantValues();
        var removed = new HashSet<Node>();
        foreach (var node in graph.Nodes.ToArray())
        {
            if (Replacement(node, constants) is { } opType && node.Output is var output && !output.Uses.Any(u => u.IsCapture))
            {
                var inputs = opType == "Add" ? node.Inputs : [node.Required(0)];
                var made = graph.AddNode(
                    node.Name, opType, inputs, [graph.FreshName($"{output.Name}_{opType.ToLowerInvariant()}")], before: node);
                (made.Output.ElementType, made.Output.Shape) = (output.ElementType, output.Shape);
                graph.ReplaceAllUsesWith(output, made.Output);
                removed.Add(node);
            }
        }

        graph.RemoveNodes(removed);
    }

    private static string? Replacement(Node node, ConstantValues constants) => node switch
    {
        { Domain.Length: > 0 } => null,
        { OpType: "Sum", Inputs.Count: 2 } => "Add",
        { OpType: "ReduceMean" } when node.Int("keepdims", 1) == 1
            && node.Required(0).Shape is { Rank: > 2 } shape
            && constants.LongsOf(node, "axes", 1, out _) is { } axes
            && axes.Select(a => a < 0 ? a + shape.Rank : a).Order()
                .SequenceEqual(Enumerable.Range(2, shape.Rank - 2).Select(a => (long)a)) => "GlobalAveragePool",
        _ => null,
    };
}
