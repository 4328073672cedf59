using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>
/// Measures what each cut by itself, repaired, does to the network's outputs: of channels and of blocks side by side, since each try loads
/// a part of the network, on one thread, and that takes about as long as to run it.
/// </summary>
internal sealed class SensitivityAnalysis
{
    private readonly WorkingCopy _copy;
    private readonly SessionSettings _settings;
    private readonly ChannelSensitivity _channels;
    private readonly BlockSensitivity _blocks;

    /// <param name="graph">The original's channels.</param>
    /// <param name="statistics">Of the layers that read them.</param>
    public SensitivityAnalysis(ChannelGraph graph, IReadOnlyList<LayerStatistics> statistics, SessionSettings settings)
    {
        (_copy, _settings) = (new WorkingCopy(graph.Model, statistics), settings);
        _channels = new ChannelSensitivity(graph, _copy);
        _blocks = new BlockSensitivity(graph, new WorkingCopy(graph.Model, statistics), settings);
    }

    /// <summary>True if every node that reads the group has statistics or can be masked, so that it can be measured.</summary>
    public bool CanMeasure(int group) => _channels.CanMeasure(group);

    /// <param name="batches">Inputs to run the network on.</param>
    public (IReadOnlyList<GroupDamage> Groups, IReadOnlyList<BlockDamage> Blocks) Measure(
        IReadOnlyList<int> groups,
        IReadOnlyList<ResidualBlock> blocks,
        Rounding rounding,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        Action<double>? progress,
        CancellationToken cancellation)
    {
        using var cursor = new LayerwiseExecutor(_copy.Model, batches, _settings);
        var divergence = new OutputDivergence(_copy.Model, cursor);
        ResidualBlock[] measurable = [.. blocks.Where(_blocks.CanMeasure)];
        var (groupDamages, blockDamages) = ((IReadOnlyList<GroupDamage>)[], (IReadOnlyList<BlockDamage>)[]);
        var (done, all, reporting) = (0, groups.Count + measurable.Length, new Lock());
        Concurrently.Run(
            () => groupDamages = _channels.Measure(groups, rounding, cursor, divergence, Done, cancellation),
            () => blockDamages = _blocks.Measure(measurable, batches, divergence, Done, cancellation),
            _settings.Threads);
        return (groupDamages, blockDamages);

        void Done()
        {
            lock (reporting)
            {
                progress?.Invoke((double)++done / all);
            }
        }
    }
}
