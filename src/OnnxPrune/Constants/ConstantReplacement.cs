using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>Gives a constant another content, wherever the model keeps it.</summary>
internal static class ConstantReplacement
{
    /// <param name="uses">The uses that are to see the new content; others keep the old one.</param>
    public static void Replace(Graph graph, Value constant, Tensor tensor, IReadOnlyCollection<Use> uses)
    {
        if (constant.Uses.Except(uses).Any() || !ReplaceInPlace(graph, constant, tensor))
        {
            ReplaceUses(graph, constant, tensor, uses);
        }
    }

    private static bool ReplaceInPlace(Graph graph, Value constant, Tensor tensor)
    {
        if (constant.IsInitializer)
        {
            Graph.SetInitializer(constant, tensor);
            return true;
        }

        switch (constant.Producer)
        {
            case { OpType: "Constant" } node when node.Attribute("value") is not null:
                node.Set("value", tensor);
                break;
            case { OpType: "ConstantOfShape" } node when Fills(node, tensor):
                node.SetInput(0, graph.AddFreshInitializer($"{node.Label}.shape", Tensor.Of(tensor.Dims.ToArray())));
                break;
            default:
                return false;
        }

        constant.Shape = new Shape(tensor.Dims.Select(d => new Dim(d)));
        constant.IsResized = true;
        return true;
    }

    /// <summary>True if all elements are the one that the ConstantOfShape repeats.</summary>
    private static bool Fills(Node node, Tensor tensor)
    {
        var element = (node.Attribute("value")?.Value as Tensor)?.ToDoubles() is [var value, ..] ? value : 0;
        return Array.TrueForAll(tensor.ToDoubles(), v => v.Equals(element));
    }

    /// <summary>
    /// Given: w' = Transpose(w), reader(w')   Result: reader(w''), where w'' is an initializer; what computed w' goes when nobody
    /// else reads it.
    /// </summary>
    private static void ReplaceUses(Graph graph, Value constant, Tensor tensor, IEnumerable<Use> uses)
    {
        var made = graph.AddFreshInitializer(constant.Name, tensor);
        foreach (var use in uses.ToArray())
        {
            use.Node.SetInput(use.Index, made);
        }
    }
}
