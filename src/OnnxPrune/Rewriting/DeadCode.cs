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
    public static (HashSet<Node> Nodes, HashSet<Value> Initializers) Find(Graph graph) => (Nodes(graph, []), Initializers(graph));

    /// <param name="except">Stays, with all that it reads.</param>
    public static void Remove(Graph graph, (HashSet<Node> Nodes, HashSet<Value> Initializers) except)
    {
        graph.RemoveNodes(Nodes(graph, except.Nodes));
        foreach (var initializer in Initializers(graph).Except(except.Initializers).ToArray())
        {
            graph.RemoveInitializer(initializer);
        }
    }

    /// <summary>The nodes that neither the graph's outputs nor some other nodes need.</summary>
    private static HashSet<Node> Nodes(Graph graph, IEnumerable<Node> needed)
    {
        var live = needed.ToHashSet();
        var open = new Stack<Value>(graph.Outputs.Concat(live.SelectMany(Read)));
        while (open.TryPop(out var value))
        {
            if (value.Producer is { } producer && live.Add(producer))
            {
                foreach (var input in Read(producer))
                {
                    open.Push(input);
                }
            }
        }

        return [.. graph.Nodes.Where(n => !live.Contains(n))];
    }

    private static IEnumerable<Value> Read(Node node) => node.Inputs.Concat(node.Captures).OfType<Value>();

    private static HashSet<Value> Initializers(Graph graph) => [.. graph.Initializers.Where(i => !i.IsGraphOutput && i.Uses.Count == 0)];
}
