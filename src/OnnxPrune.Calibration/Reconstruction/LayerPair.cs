using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;

namespace OnnxPrune.Calibration.Reconstruction;

/// <summary>A layer of the working copy that can be repaired, and what it was in the original.</summary>
/// <param name="ByChannels">Whether it has too many features for one regression, and every channel of its input is predicted
/// instead.</param>
internal sealed record LayerPair(AffineLayer Unit, AffineLayer Before, bool ByChannels)
{
    /// <summary>The value of the original that the repair comes as near to as it can.</summary>
    public Value Target => ByChannels ? Before.Input : Before.Output;

    /// <summary>The layers that are still there, those that end a branch after their shortcuts.</summary>
    /// <param name="graph">The original's channels.</param>
    /// <param name="twins">The copy's nodes by the original's.</param>
    /// <param name="constants">The copy's.</param>
    public static IReadOnlyList<LayerPair> All(
        ChannelGraph graph, Model work, IReadOnlyDictionary<Node, Node> twins, ConstantValues constants)
    {
        var joins = BlockFinder.Find(work, constants).ToDictionary(b => b.Join, b => b.BranchInput);
        var originalJoins = BlockFinder.Find(graph.Model, graph.Constants).ToDictionary(b => b.Join, b => b.BranchInput);
        var pairs = new List<LayerPair>();
        var order = graph.Model.Graph.TopologicalOrder();
        var taken = new HashSet<Node>();
        foreach (var node in order.Where(n => twins.ContainsKey(n) && !taken.Contains(n)))
        {
            if (AffineLayer.Of(node, originalJoins, graph.Constants) is { } before
                && AffineLayer.Of(twins[node], joins, constants) is { } unit
                && LayerStatistics.IsManageable(unit, constants))
            {
                var byChannels = unit.FeatureCount(constants) > LayerStatistics.MostFeatures
                    && unit.FeatureCount(constants) > unit.InputCount(constants);
                pairs.Add(Match(new LayerPair(unit, before, byChannels), twins));
                taken.UnionWith(pairs[^1].Before.Norm is { } norm ? [norm] : []);
            }
        }

        var places = order.Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i);
        return [.. pairs.OrderBy(u => places[u.Before.Output.Producer!])];
    }

    /// <summary>Ends the unit of a layer earlier where a removed block has changed the nodes behind it.</summary>
    private static LayerPair Match(LayerPair pair, IReadOnlyDictionary<Node, Node> twins)
    {
        var (unit, before) = (pair.Unit, pair.Before);
        if (Twin(before.Norm) != unit.Norm)
        {
            return pair with { Unit = unit with { Norm = null, Join = null }, Before = before with { Norm = null, Join = null } };
        }

        return Twin(before.Join) != unit.Join ? pair with { Unit = unit with { Join = null }, Before = before with { Join = null } } : pair;

        Node? Twin(Node? original) => original is null ? null : twins.GetValueOrDefault(original);
    }
}
