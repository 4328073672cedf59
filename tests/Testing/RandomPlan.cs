using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Testing;

/// <summary>Plans that remove whatever the dice say: any channel of any group but the last, any block.</summary>
internal static class RandomPlan
{
    /// <param name="model">Its values must have their shapes.</param>
    /// <param name="share">The share of channels and blocks that go, on average.</param>
    public static PruningPlan Of(Model model, Random random, double share)
    {
        var reduced = ModelCopy.Of(model);
        var names = new NodeNames(reduced.Graph);
        var blocks = BlockFinder.Find(reduced, ChannelFlow.Through(reduced).Constants)
            .Where(b => b.Obstacle is null && random.NextDouble() < share)
            .ToArray();
        var joins = blocks.Select(b => names.Of(b.Join)).ToArray();
        foreach (var block in blocks)
        {
            BlockRemoval.Apply(reduced.Graph, block);
        }

        return new PruningPlan(joins, Cuts(ChannelFlow.Through(reduced), new NodeNames(reduced.Graph), random, share), false);
    }

    private static LayerCut[] Cuts(ChannelGraph graph, NodeNames names, Random random, double share)
    {
        var leaving = new HashSet<int>();
        foreach (var group in graph.Groups)
        {
            var stays = group.Channels[random.Next(group.Channels.Count)];
            leaving.UnionWith(group.Channels.Where(c => c != stays && random.NextDouble() < share));
        }

        return [.. leaving
            .Order()
            .GroupBy(c => (graph.Origin(c).Node, graph.Origin(c).Axis))
            .Select(g => (g.Key, Made: graph.MadeBy(g.Key.Node, g.Key.Axis)!))
            .Select(p => new LayerCut(
                names.Of(p.Key.Node), p.Key.Axis, p.Made.Count,
                [.. Enumerable.Range(0, p.Made.Count).Where(i => leaving.Contains(p.Made[i]))]))];
    }
}
