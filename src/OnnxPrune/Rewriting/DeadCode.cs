using OnnxPrune.Graphs;

namespace OnnxPrune.Rewriting;

/// <summary>
/// Nodes and initializers that no output of the graph needs. Only what a rewrite left behind is removed: the rest is not ours.
/// </summary>
internal static class DeadCode
{
    /// <summary>
    /// The nodes that are dead already, and the initializers that nobody reads, as the exception for a later <see cref="Remove"/>.
    /// </summary>
    public static (HashSet<Node> Nodes, HashSet<Value> Initializers) Find(Graph graph) => (Nodes(graph), Initializers(graph));

    public static void Remove(Graph graph, (HashSet<Node> Nodes, HashSet<Value> Initializers) except)
    {
        var dead = Nodes(graph);
        dead.ExceptWith(except.Nodes);
        graph.RemoveNodes(dead);
        foreach (var initializer in Initializers(graph).Except(except.Initializers).ToArray())
        {
            graph.RemoveInitializer(initializer);
        }
    }

    private static HashSet<Node> Nodes(Graph graph)
    {
        var live = new HashSet<Node>();
        var open = new Stack<Value>(graph.Outputs);
        while (open.TryPop(out var value))
        {
            if (value.Producer is { } producer && live.Add(producer))
            {
                foreach (var input in producer.Inputs.Concat(producer.Captures).OfType<Value>())
                {
                    open.Push(input);
                }
            }
        }

        return [.. graph.Nodes.Where(n => !live.Contains(n))];
    }

    private static HashSet<Value> Initializers(Graph graph) => [.. graph.Initializers.Where(i => !i.IsGraphOutput && i.Uses.Count == 0)];
}
