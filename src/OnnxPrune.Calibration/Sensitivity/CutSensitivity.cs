using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>The damage that each possible cut by itself does to the outputs, measured after repair.</summary>
internal static class CutSensitivity
{
    /// <summary>Measures the damage of every cut that the request allows; its targets do not matter.</summary>
    /// <param name="statistics">Inputs for the statistics of layers.</param>
    /// <param name="trials">Inputs for running the network with single cuts; fewer suffice.</param>
    public static CutCandidates Measure(
        NetworkAnalysis network,
        PruneRequest request,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> statistics,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> trials,
        SessionSettings settings,
        long seed,
        Action<double>? progress = null,
        CancellationToken cancellation = default)
    {
        var graph = network.Channels;
        var readers = graph.Groups.SelectMany(g => g.Consumers).Select(r => r.Node).ToHashSet();
        var layers = LayerStatistics.Collect(network.Model, graph.Constants, readers, statistics, settings, seed);
        var meter = new SensitivityAnalysis(graph, layers, settings);
        var groups = Enumerable.Range(0, graph.Groups.Count)
            .Where(g => request.CutsChannels && meter.CanMeasure(g) && request.Allows(graph.Groups[g]))
            .ToArray();
        var blocks = network.Blocks.Where(b => request.CutsBlocks && b.Obstacle is null && request.Allows(b)).ToArray();
        var (groupDamages, blockDamages) = meter.Measure(groups, blocks, request.Rounding, trials, progress, cancellation);
        return new CutCandidates(groupDamages, blockDamages);
    }
}
