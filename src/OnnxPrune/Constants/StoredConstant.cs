using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>
/// Constants that are stored in another type than they are used in: Cast of half-precision weights, DequantizeLinear of integers with
/// a scale and a zero point per index of an axis. What is stored loses its indices, and the node stays.
/// </summary>
internal static class StoredConstant
{
    /// <summary>The operators behind which constants stay stored as they are.</summary>
    public static bool IsBehind(Node? node) => node is { Domain: "", OpType: "Cast" or "DequantizeLinear" or "QuantizeLinear" };

    /// <summary>The type that a constant is stored in.</summary>
    public static ElementType Type(Value constant, Constants.ConstantValues constants) =>
        IsBehind(constant.Producer) && constants[constant.Producer!.Input(0)] is not null
            ? Type(constant.Producer.Required(0), constants)
            : constants[constant]!.ElementType;

    /// <summary>
    /// Given: w = DequantizeLinear(q [M, C], scale [M], zero [M])   Result: w = DequantizeLinear(q [M', C], scale [M'], zero [M'])
    /// </summary>
    /// <param name="shrink">A tensor without the indices that leave, from a tensor and the axis of the constant on which its own first axis
    /// lies.</param>
    public static void Shrink(Graph graph, Value constant, Func<Tensor, int, Tensor> shrink, Constants.ConstantValues constants)
    {
        var node = constant.Producer!;
        var stored = node.Required(0);
        var axis = (int)node.Int("axis", 1) is var stated && stated < 0 ? stated + constants[constant]!.Rank : stated;
        if (IsBehind(stored.Producer) && stored.Uses.Count == 1)
        {
            Shrink(graph, stored, shrink, constants);
        }
        else
        {
            Give(graph, node, 0, shrink(constants[stored]!, 0));
        }

        for (var i = 1; i < node.Inputs.Count; i++)
        {
            if (constants[node.Inputs[i]] is { Rank: 1, Count: > 1 } perIndex)
            {
                Give(graph, node, i, shrink(perIndex, axis));
            }
        }

        constant.Shape = new Shape(shrink(constants[constant]!, 0).Dims.Select(d => new Dim(d)));
        constant.IsResized = true;
    }

    private static void Give(Graph graph, Node node, int input, Tensor tensor)
    {
        var old = node.Required(input);
        if (old is { IsInitializer: true, IsGraphOutput: false, Uses.Count: 1 })
        {
            Graph.SetInitializer(old, tensor);
            return;
        }

        node.SetInput(input, graph.AddFreshInitializer(old.Name, tensor));
    }
}
