using OnnxPrune.Blocks;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Repair;

/// <summary>
/// Joins regions that follow each other. Layers of several blocks that are fitted together make up for each other's errors, where single
/// blocks each have to come to what the original gives behind them.
/// </summary>
internal static class RegionChain
{
    /// <param name="regions">In the order in which their outputs are computed.</param>
    /// <param name="fits">Whether a region is not too large yet.</param>
    /// <returns>The same layers in fewer regions, in the same order.</returns>
    public static IReadOnlyList<Region> Join(IReadOnlyList<Region> regions, ConstantValues constants, Func<Region, bool> fits)
    {
        var chains = new List<Region>();
        foreach (var region in regions)
        {
            var (chain, joined) = chains
                .Select(c => (Chain: c, Joined: Joined(c, region, constants)))
                .FirstOrDefault(j => j.Joined is not null);
            if (joined is not null && fits(joined))
            {
                chains.Remove(chain);
                chains.Add(joined);
            }
            else
            {
                chains.Add(region);
            }
        }

        return chains;
    }

    private static Region? Joined(Region first, Region second, ConstantValues constants) =>
        Bridge(first, second, constants) is not { } bridge
        ? null
        : new Region(first.Input, second.Output, [.. first.Nodes, .. bridge, .. second.Nodes], [.. first.Layers, .. second.Layers]);

    /// <summary>
    /// The nodes on the only way from one region to the next, such as an activation; null where there are layers on it, or something else
    /// reads what passes.
    /// </summary>
    private static List<Node>? Bridge(Region first, Region second, ConstantValues constants)
    {
        var bridge = new List<Node>();
        var inside = second.Nodes.ToHashSet();
        for (var value = second.Input; ; value = Computed(bridge[0], constants).Single())
        {
            if (value.IsGraphOutput || value.Uses.Any(u => u.IsCapture || !inside.Contains(u.Node)))
            {
                return null;
            }

            if (value == first.Output)
            {
                return bridge;
            }

            if (value.Producer is not { Outputs.Count: 1 } node
                || node.Captures.Any()
                || BlockFinder.IsLayer(node, constants)
                || Computed(node, constants).Count() != 1)
            {
                return null;
            }

            bridge.Insert(0, node);
            inside.Add(node);
        }
    }

    private static IEnumerable<Value> Computed(Node node, ConstantValues constants) =>
        node.Inputs.OfType<Value>().Where(v => !v.IsInitializer && constants[v] is null).Distinct();
}
