using OnnxPrune.Channels;
using OnnxPrune.Cli.Reports;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune.Cli.Inspecting;

/// <summary>Why channels stay, and what the layers that make them cost: the dearest reason first.</summary>
internal static class BlockedCosts
{
    public static IReadOnlyList<InspectBlocked> Of(ChannelGraph graph, CostModel cost)
    {
        var macs = cost.MacsByNode().ToDictionary(m => m.Node, m => m.Macs);
        var parameters = cost
            .ParametersByValue()
            .GroupBy(p => p.Value.Uses[0].Node)
            .ToDictionary(g => g.Key, g => g.Sum(p => p.Parameters));
        var (allMacs, allParameters) = ((double)Math.Max(1, macs.Values.Sum()), (double)Math.Max(1, parameters.Values.Sum()));
        return [.. graph.Blocked
            .Select(blocked => new InspectBlocked(
                blocked.Reason,
                blocked.Count,
                [.. blocked.Producers.Select(p => p.Label)],
                Sum(graph, blocked, macs) / allMacs,
                Sum(graph, blocked, parameters) / allParameters))
            .OrderByDescending(b => b.MacsShare + b.ParamsShare).ThenByDescending(b => b.Channels)];
    }

    private static double Sum(ChannelGraph graph, BlockedChannels blocked, Dictionary<Node, long> costs) => costs.Sum(layer =>
    {
        var made = Enumerable.Range(0, layer.Key.Output.Shape?.Rank ?? 0).SelectMany(axis => graph.MadeBy(layer.Key, axis) ?? []).ToArray();
        return made.Length == 0 ? 0 : (double)layer.Value * made.Count(c => graph.WhyPinned(c)?.Text == blocked.Reason) / made.Length;
    });
}
