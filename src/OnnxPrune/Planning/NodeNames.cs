using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>One name per node for plans and reports: its own where that is unique, otherwise the name of its first output, which always is.</summary>
public sealed class NodeNames
{
    private readonly Dictionary<string, Node> _nodes = [];
    private readonly Dictionary<Node, string> _names = [];

    public NodeNames(Graph graph)
    {
        var ambiguous = graph.Nodes.GroupBy(n => n.Name).Where(g => g.Key.Length > 0 && g.Count() > 1).Select(g => g.Key).ToHashSet();
        foreach (var node in graph.Nodes.Where(n => n.Outputs.Any(o => o is not null)))
        {
            var name = node.Name.Length > 0 && !ambiguous.Contains(node.Name) ? node.Name : node.Outputs.First(o => o is not null)!.Name;
            _names.Add(node, name);
            _nodes.TryAdd(name, node);
        }
    }

    public string Of(Node node) => _names.GetValueOrDefault(node, node.Label);

    public Node? Find(string name) => _nodes.GetValueOrDefault(name);
}
