using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Quantization;

/// <summary>
/// Operators that have no integer kernel, in the words of others that have one and compute the same.
/// Given: Sum(a, b)   Result: Add(a, b).
/// Given: Add(MatMul(x [N, K], w [K, M]), b [M])   Result: Gemm(x, w, b).
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
            if (Product(node, constants) is var (product, bias))
            {
                var gemm = graph.AddNode(
                    node.Name, "Gemm", [.. product.Inputs, bias], [graph.FreshName(node.Output.Name + "_gemm")], before: node);
                (gemm.Output.ElementType, gemm.Output.Shape) = (node.Output.ElementType, node.Output.Shape);
                graph.ReplaceAllUsesWith(node.Output, gemm.Output);
                removed.Add(node);
                removed.Add(product);
            }
            else if (Replacement(node, constants) is { } opType && node.Output is var output && !output.Uses.Any(u => u.IsCapture))
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

    /// <summary>
    /// A product of matrices and what this node adds to each of its rows; null where it does anything else. ONNX Runtime would make both a
    /// Gemm itself, but one whose bias is no integer.
    /// </summary>
    private static (Node Product, Value Bias)? Product(Node node, ConstantValues constants) =>
        node is not { OpType: "Add", Domain: "" } || node.Output.Uses.Any(u => u.IsCapture) ? null
            : RowSum(node.Required(0), node.Required(1), constants) ?? RowSum(node.Required(1), node.Required(0), constants);

    private static (Node Product, Value Bias)? RowSum(Value product, Value bias, ConstantValues constants) =>
        product is { IsGraphOutput: false, Uses: [{ IsCapture: false }], Producer: { OpType: "MatMul", Domain: "" } matMul }
            && matMul.Required(0).Shape is { Rank: 2 }
            && constants[matMul.Required(1)] is { Rank: 2 } weight
            && constants[bias] is { Rank: 1 } summand && summand.Count == weight.Dims[1]
            && summand.ElementType == ElementType.Float ? (matMul, bias) : null;

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
