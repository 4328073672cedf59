using OnnxPrune.Blocks;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Repair;

/// <summary>
/// Cuts a network into regions: for residual sums first, then for every other layer, the smallest part above it that one value feeds and
/// that holds two layers or more. A layer belongs to one region or to none.
/// </summary>
internal sealed class RegionFinder
{
    private const int FewestLayers = 2;

    // A region that has not closed by then is most of the network.
    private const int MostLayers = 8;

    private readonly ConstantValues _constants;
    private readonly Dictionary<Node, int> _places;

    private RegionFinder(Graph graph, ConstantValues constants)
    {
        _constants = constants;
        _places = graph.TopologicalOrder().Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i);
    }

    /// <summary>The regions in the order in which their outputs are computed. The model's values must have their shapes.</summary>
    public static IReadOnlyList<Region> Find(Model model, ConstantValues constants)
    {
        var finder = new RegionFinder(model.Graph, constants);
        var sums = BlockFinder.Find(model, constants).Select(b => b.Join.Output);
        var layers = model.Graph.TopologicalOrder().Where(finder.IsLayer).Select(n => finder.Normalized(n.Output));
        var (regions, taken) = (new List<Region>(), new HashSet<Node>());
        foreach (var region in sums.Concat(layers).Select(finder.EndingIn).OfType<Region>())
        {
            if (!region.Layers.Any(l => taken.Contains(l) || AffineLayer.IsQuantized(l)))
            {
                regions.Add(region);
                taken.UnionWith(region.Layers);
            }
        }

        return [.. regions.OrderBy(r => finder._places[r.Output.Producer!])];
    }

    /// <summary>Goes up from a value, the latest node first, until one value feeds all that was passed.</summary>
    private Region? EndingIn(Value end)
    {
        var nodes = new List<Node>();
        var layers = new List<Node>();
        var open = new HashSet<Value> { end };
        while (true)
        {
            if (open.MaxBy(v => v.Producer is { } p ? _places[p] : -1) is not { } latest)
            {
                return null; // Nothing that is fed is above it.
            }

            if (open.Count == 1 && layers.Count >= FewestLayers)
            {
                nodes.Reverse();
                layers.Reverse();
                return IsClosed(nodes, end) ? new Region(latest, end, nodes, layers) : null;
            }

            if (latest.Producer is not { } node || node.Captures.Any() || layers.Count > MostLayers)
            {
                return null;
            }

            nodes.Add(node);
            if (IsLayer(node))
            {
                layers.Add(node);
            }

            open.ExceptWith(node.Outputs.OfType<Value>());
            open.UnionWith(node.Inputs.OfType<Value>().Where(v => !v.IsInitializer && _constants[v] is null));
        }
    }

    private static bool IsClosed(List<Node> nodes, Value end)
    {
        var inside = nodes.ToHashSet();
        return nodes.SelectMany(n => n.Outputs).OfType<Value>().Where(v => v != end)
            .All(v => !v.IsGraphOutput && v.Uses.All(u => !u.IsCapture && inside.Contains(u.Node)));
    }

    private bool IsLayer(Node node) => BlockFinder.IsLayer(node, _constants);

    private Value Normalized(Value output) =>
        output is { IsGraphOutput: false, Uses: [{ IsCapture: false, Index: 0, Node: { OpType: "BatchNormalization" } norm }] }
            ? norm.Output
            : output;
}
