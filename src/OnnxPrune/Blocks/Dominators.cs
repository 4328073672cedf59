using OnnxPrune.Graphs;

namespace OnnxPrune.Blocks;

/// <summary>
/// For every node the last node through which all paths from the graph's inputs to it lead: its immediate dominator (Cooper,
/// Harvey and Kennedy 2001; one pass suffices, since the graph has no cycles). Constants do not count as paths.
/// </summary>
internal sealed class Dominators
{
    private readonly Dictionary<Node, (Node? Parent, int Depth)> _tree = [];

    /// <param name="computed">Whether a value depends on what is fed.</param>
    public Dominators(Graph graph, Func<Value, bool> computed)
    {
        foreach (var node in graph.TopologicalOrder())
        {
            var sources = node.Inputs.Concat(node.Captures).OfType<Value>().Where(computed).ToArray();
            var parent = sources.Length == 0 || sources.Any(s => s.Producer is null)
                ? null
                : sources.Select(s => s.Producer).Aggregate(Common);
            _tree.Add(node, (parent, parent is null ? 0 : _tree[parent].Depth + 1));
        }
    }

    /// <summary>The immediate dominator; null when paths begin at several places.</summary>
    public Node? Of(Node node) => _tree[node].Parent;

    private Node? Common(Node? a, Node? b)
    {
        while (a != b)
        {
            if (a is null || b is null)
            {
                return null;
            }

            if (_tree[a].Depth >= _tree[b].Depth)
            {
                a = _tree[a].Parent;
            }
            else
            {
                b = _tree[b].Parent;
            }
        }

        return a;
    }
}
