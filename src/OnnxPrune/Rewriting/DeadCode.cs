using OnnxPrune.Graphs;

namespace OnnxPrune.Rewriting;

/// <summary>Nodes and initializers that no output of the graph needs. Only what a rewrite left behind is removed: the rest is not ours.</summary>
public static class DeadCode
{
    /// <summary>What is dead already, as the exception for a later <see cref="Remove"/>.</summary>
    public static (HashSet<Node> Nodes, HashSet<Value> Initializers) Find(Graph graph)
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

        return (
            [.. graph.Nodes.Where(n => !live.Contains(n))],
            [.. graph.Initializers.Where(i => !i.IsGraphOutput && !i.Uses.Any(u => live.Contains(u.Node)))]);
    }

    public static void Remove(Graph graph, (HashSet<Node> Nodes, HashSet<Value> Initializers) except)
    {
        var dead = Find(graph);
        dead.Nodes.ExceptWith(except.Nodes);
        graph.RemoveNodes(dead.Nodes);
        foreach (var initializer in dead.Initializers.Where(i => !except.Initializers.Contains(i) && i.Uses.Count == 0))
        {
            graph.RemoveInitializer(initializer);
        }
    }
}
