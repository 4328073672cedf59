using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>The cost of one layer.</summary>
/// <param name="Weight">The dimensions of its first weight; empty where it has none.</param>
/// <param name="Channels">The channels that it makes; null where it only passes them on.</param>
internal sealed record LayerCost(string Name, string Operator, IReadOnlyList<long> Weight, long Macs, long Parameters, int? Channels);

/// <summary>The cost of one layer, before and after.</summary>
/// <param name="After">Null when the layer is gone.</param>
internal sealed record LayerChange(LayerCost Before, LayerCost? After, LayerPlace Place);

/// <summary>The layers of a model, in graph order: all nodes that multiply or have parameters.</summary>
internal sealed class LayerTable
{
    private readonly NetworkAnalysis _network;
    private readonly List<(Node Node, LayerCost Cost)> _layers = [];

    private LayerTable(NetworkAnalysis network)
    {
        _network = network;
        var macs = network.Costs.MacsByNode().ToDictionary(m => m.Node, m => m.Macs);

        // A constant that several nodes share is counted with the first.
        var parameters = network.Costs.ParametersByValue()
            .GroupBy(p => p.Value.Uses[0].Node)
            .ToDictionary(g => g.Key, g => g.Sum(p => p.Parameters));
        var names = new NodeNames(network.Model.Graph);
        foreach (var node in network.Model.Graph.Nodes)
        {
            var (m, p) = (macs.GetValueOrDefault(node), parameters.GetValueOrDefault(node));
            if (m > 0 || p > 0)
            {
                var weight = node.Inputs.OfType<Value>().Select(v => network.Constants[v]).FirstOrDefault(t => t is not null);
                long[] dims = weight is null ? [] : [.. weight.Dims];
                var made = LayerPlaces.ChannelsMadeBy(node, network.Channels);
                _layers.Add((node, new LayerCost(names.Of(node), node.OpType, dims, m, p, made)));
            }
        }
    }

    public IEnumerable<LayerCost> Costs => _layers.Select(l => l.Cost);

    public static LayerTable Of(NetworkAnalysis network) => new(network);

    /// <summary>The same layers in the pruned model, which keeps the names of what its nodes make.</summary>
    public IReadOnlyList<LayerChange> After(NetworkAnalysis pruned)
    {
        var after = new LayerTable(pruned)._layers.ToDictionary(l => l.Node.Output.Name, l => l.Cost);
        var places = new LayerPlaces(_network);
        return [.. _layers.Select(l => new LayerChange(l.Cost, after.GetValueOrDefault(l.Node.Output.Name), places.Of(l.Node)))];
    }
}
