namespace OnnxPrune.Channels;

/// <summary>
/// Disjoint sets of channel ids, with path halving and union by the smaller id, so that results do not depend on the order of unions.
/// </summary>
internal sealed class UnionFind
{
    private readonly List<int> _parents = [];

    public int Count => _parents.Count;

    public int Add()
    {
        _parents.Add(_parents.Count);
        return _parents.Count - 1;
    }

    public int Find(int id)
    {
        while (_parents[id] != id)
        {
            _parents[id] = _parents[_parents[id]];
            id = _parents[id];
        }

        return id;
    }

    public void Union(int a, int b)
    {
        var (x, y) = (Find(a), Find(b));
        _parents[Math.Max(x, y)] = Math.Min(x, y);
    }
}
