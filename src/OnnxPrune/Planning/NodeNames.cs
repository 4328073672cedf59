using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>
/// One name per node for plans and reports: its own where that is unique, otherwise the name of its first output, which always is.
/// </summary>
internal sealed class NodeNames
{
    private readonly Dictionary<string, Node> _nodes = [];
    private readonly Dictionary<Node, string> _names = [];

    /// <param name="without">Nodes that are about to go, so that their names are free; null for none.</param>
    public NodeNames(Graph graph, IReadOnlySet<Node>? without = null)
    {
        var nodes = graph.Nodes.Where(n => n.Outputs.Any(o => o is not null) && without?.Contains(n) != true).ToArray();
        var byOutput = nodes.ToDictionary(FirstOutput);
        var ambiguous = nodes.GroupBy(n => n.Name).Where(g => g.Key.Length == 0 || g.Count() > 1).Select(g => g.Key).ToHashSet();
        foreach (var node in nodes)
        {
            // A name that another node might fall back to is no better than one that two nodes have.
            var isOwn = !ambiguous.Contains(node.Name) && (!byOutput.TryGetValue(node.Name, out var other) || other == node);
            var name = isOwn ? node.Name : FirstOutput(node);
            _names.Add(node, name);
            _nodes.Add(name, node);
        }
    }

    public string Of(Node node) => _names.GetValueOrDefault(node, node.Label);

    public Node? Find(string name) => _nodes.GetValueOrDefault(name);

    private static string FirstOutput(Node node) => node.Outputs.First(o => o is not null)!.Name;
}
