using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Planning;

/// <summary>
/// Multiply-accumulates of layers whose channels cannot be cut: integer layers, recurrent ones, products that an equation states.
/// </summary>
internal static class RulelessLayers
{
    /// <returns>Null for other operators, and where a shape is unknown.</returns>
    public static long? Macs(Node node, CostShapes shapes) => (node.Domain, node.OpType) switch
    {
        ("", "ConvInteger" or "DeformConv") => OfWindows(node, shapes, weight: 1),
        ("", "QLinearConv") => OfWindows(node, shapes, weight: 3),
        ("", "MatMulInteger") or ("com.microsoft", "MatMulIntegerToFloat" or "DynamicQuantizeMatMul" or "MatMulInteger16") =>
            OfProduct(node, shapes),
        ("", "QLinearMatMul") => OfProduct(node, shapes),
        ("", "LSTM" or "GRU" or "RNN") => OfSequence(node, shapes),
        ("", "Einsum") => OfEquation(node, shapes),
        _ => null,
    };

    // W [M, C/group, k...], Y [N, M, D'...]: each weight once per output position.
    private static long? OfWindows(Node node, CostShapes shapes, int weight) =>
        shapes.OfOperand(node.Input(weight)) is { Count: >= 3 } w && shapes[node.Output] is { Count: >= 3 } y
            ? checked(Product(w) * y[0] * Product(y.Skip(2)))
            : null;

    // A [..., M, K] · B [..., K, N] → Y [..., M, N].
    private static long? OfProduct(Node node, CostShapes shapes) =>
        shapes.OfOperand(node.Input(0)) is { Count: >= 1 } a && shapes[node.Output] is { } y ? checked(a[^1] * Product(y)) : null;

    // X [steps, N, in] or [N, steps, in], W [directions, gates·hidden, in], R [directions, gates·hidden, hidden]: every weight once per
    // step.
    private static long? OfSequence(Node node, CostShapes shapes) =>
        shapes.OfOperand(node.Input(0)) is { Count: 3 } x
            && shapes.OfOperand(node.Input(1)) is { Count: 3 } w
            && shapes.OfOperand(node.Input(2)) is { Count: 3 } r
            ? checked(x[0] * x[1] * (Product(w) + Product(r)))
            : null;

    // "bij,bjk->bik": every combination of letters once.
    private static long? OfEquation(Node node, CostShapes shapes)
    {
        var terms = node.String("equation", "").Replace(" ", "", StringComparison.Ordinal).Split("->")[0].Split(',');
        if (terms.Length != node.Inputs.Count)
        {
            return null;
        }

        var sizes = new Dictionary<char, long>();
        for (var i = 0; i < terms.Length; i++)
        {
            if (shapes.OfOperand(node.Input(i)) is not { } dims || dims.Count != terms[i].Length || !terms[i].All(char.IsAsciiLetter))
            {
                return null;
            }

            for (var axis = 0; axis < dims.Count; axis++)
            {
                sizes[terms[i][axis]] = Math.Max(dims[axis], sizes.GetValueOrDefault(terms[i][axis]));
            }
        }

        return terms.Length == 1 ? 0 : Product(sizes.Values);
    }

    private static long Product(IEnumerable<long> dims) => dims.Aggregate(1L, (a, b) => checked(a * b));
}
