using OnnxPrune.Graphs;

namespace OnnxPrune.Rewriting;

/// <summary>Gives a constant another content, wherever the model keeps it.</summary>
internal static class ConstantReplacement
{
    public static void Replace(Graph graph, Value constant, Tensor tensor)
    {
        if (constant.IsInitializer)
        {
            Graph.SetInitializer(constant, tensor);
            return;
        }

        switch (constant.Producer)
        {
            case { OpType: "Constant" } node when node.Attribute("value") is not null:
                node.Set("value", tensor);
                break;
            case { OpType: "ConstantOfShape" } node:
                node.SetInput(0, graph.AddFreshInitializer($"{node.Label}.shape", Tensor.Of(tensor.Dims.ToArray())));
                break;
            default:
                ReplaceComputed(graph, constant, tensor);
                return;
        }

        constant.Shape = new Shape(tensor.Dims.Select(d => new Dim(d)));
        constant.IsResized = true;
    }

    /// <summary>Given: w' = Transpose(w).  Result: w' is an initializer; what computed it goes when nobody else reads it.</summary>
    private static void ReplaceComputed(Graph graph, Value constant, Tensor tensor)
    {
        var made = graph.AddFreshInitializer(constant.Name, tensor);
        foreach (var use in constant.Uses.ToArray())
        {
            use.Node.SetInput(use.Index, made);
        }
    }
}
