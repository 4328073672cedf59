using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune.Testing;

/// <summary>Plans that remove whatever the dice say: any channel of any group but the last, any block.</summary>
public static class RandomPlan
{
    /// <param name="share">The share of channels and blocks that go, on average.</param>
    public static PruningPlan Of(Model model, Random random, double share)
    {
        var graph = ChannelFlow.Through(model);
        var names = new NodeNames(model.Graph);
        var blocks = BlockFinder.Find(model, graph.Constants).Where(b => b.Obstacle is null && random.NextDouble() < share).ToArray();
        var gone = blocks.SelectMany(b => b.Branch).ToHashSet();
        var leaving = new HashSet<int>();
        foreach (var group in graph.Groups)
        {
            var stays = group.Channels[random.Next(group.Channels.Count)];
            leaving.UnionWith(group.Channels.Where(c => c != stays && random.NextDouble() < share));
        }

        var cuts = leaving
            .Where(c => !gone.Contains(graph.Origin(c).Node))
            .GroupBy(c => (graph.Origin(c).Node, graph.Origin(c).Axis))
            .Select(g => (g.Key, Made: graph.MadeBy(g.Key.Node, g.Key.Axis)!))
            .Select(p => new LayerCut(names.Of(p.Key.Node), p.Key.Axis, p.Made.Count, [.. Enumerable.Range(0, p.Made.Count).Where(i => leaving.Contains(p.Made[i]))]));
        return new PruningPlan([.. blocks.Select(b => names.Of(b.Join))], [.. cuts], false);
    }
}
