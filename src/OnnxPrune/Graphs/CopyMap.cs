namespace OnnxPrune.Graphs;

/// <summary>
/// Finds in a copy of a graph what was copied, as <see cref="Model.Clone(out CopyMap)"/> gives it. The copy may have lost it since.
/// </summary>
internal sealed class CopyMap
{
    private readonly Dictionary<Node, Node> _nodes;
    private readonly Dictionary<Value, Value> _values;

    internal CopyMap(Dictionary<Node, Node> nodes, Dictionary<Value, Value> values) => (_nodes, _values) = (nodes, values);

    /// <summary>The copies by what was copied.</summary>
    public IReadOnlyDictionary<Node, Node> Nodes => _nodes;

    /// <exception cref="KeyNotFoundException">The node is none of the graph that was copied.</exception>
    public Node this[Node node] => _nodes[node];

    /// <exception cref="KeyNotFoundException">The value is none of the graph that was copied.</exception>
    public Value this[Value value] => _values[value];

    /// <summary>The same uses in the copy.</summary>
    public Use this[Use use] => use with { Node = _nodes[use.Node] };

    /// <summary>A table of the copy's values, from one of the original's. What the original does not have is left out.</summary>
    public Dictionary<Value, T> Of<T>(IEnumerable<KeyValuePair<Value, T>> table) =>
        table.Where(p => _values.ContainsKey(p.Key)).ToDictionary(p => _values[p.Key], p => p.Value);
}
