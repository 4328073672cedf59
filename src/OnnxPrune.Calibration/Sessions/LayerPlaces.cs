using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>The place of a layer in its network.</summary>
/// <param name="Group">
/// The group of coupled channels that it makes most of its channels for, by the group's name; null where all of them stay.
/// </param>
/// <param name="Block">The residual block that it lies in, by the name that plans use; null outside of blocks.</param>
internal sealed record LayerPlace(string? Group, string? Block);

/// <summary>Finds the groups and the blocks that layers belong to.</summary>
internal sealed class LayerPlaces
{
    private readonly Dictionary<Node, string> _groups;
    private readonly Dictionary<Node, string> _blocks = [];

    public LayerPlaces(NetworkAnalysis network)
    {
        var names = new NodeNames(network.Model.Graph);
        _groups = network.Channels.Groups
            .SelectMany(g => g.Producers.Select(p => (Producer: p, Group: g)))
            .GroupBy(p => p.Producer)
            .ToDictionary(p => p.Key, p => p.MaxBy(g => g.Group.Channels.Count).Group.Name);
        foreach (var block in network.Blocks)
        {
            foreach (var node in block.Branch.Concat(block.Shortcut))
            {
                _blocks.TryAdd(node, names.Of(block.Join));
            }
        }
    }

    public LayerPlace Of(Node layer) => new(_groups.GetValueOrDefault(layer), _blocks.GetValueOrDefault(layer));

    /// <summary>The channels that a node makes; null where it only passes them on.</summary>
    public static int? ChannelsMadeBy(Node layer, ChannelGraph graph) =>
        Enumerable.Range(0, layer.Output.Shape?.Rank ?? 0).Select(
            axis => graph.MadeBy(layer, axis)?.Count).FirstOrDefault(count => count is not null);
}
