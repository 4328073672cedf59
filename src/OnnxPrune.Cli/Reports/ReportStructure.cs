using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Pruning;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune.Cli.Reports;

/// <summary>A residual block of the original, and what became of it.</summary>
/// <param name="State">kept, thinned (it lost channels, or reads fewer) or removed.</param>
/// <param name="Layers">The layers with weights in it.</param>
/// <param name="Int8Layers">How many of them compute with 8-bit integers in the result.</param>
internal sealed record ReportBlock(string Name, string Shortcut, string State, int Layers, int Int8Layers, long MacsBefore, long MacsAfter);

/// <summary>The layers and blocks of a pruned network for reports.</summary>
internal static class ReportStructure
{
    private static readonly string[] s_weighted = ["Conv", "ConvTranspose", "Gemm", "MatMul"];

    public static IReadOnlyList<ReportLayer> Layers(RunFindings result)
    {
        var integers = result.Cut.Quantization?.Model is { } quantized ? IntegerLayers(quantized) : [];
        return [.. (result.Layers ?? []).Select(l => Of(l) with { Int8 = integers.Contains(l.Before.Name) })];
    }

    public static IReadOnlyList<ReportBlock> Blocks(PruneOutcome outcome, IReadOnlyList<ReportLayer> layers)
    {
        var names = new NodeNames(outcome.Original.Model.Graph);
        var (removed, members) = (outcome.Plan.Blocks.ToHashSet(), layers.Where(l => IsWeighted(l.Operator)).ToLookup(l => l.Block));
        return [.. outcome.Original.Blocks.Select(block =>
        {
            var name = names.Of(block.Join);
            ReportLayer[] inside = [.. members[name]];
            var isThinner = inside.Any(l => l.WeightAfter is null || !l.WeightAfter.SequenceEqual(l.WeightBefore));
            return new ReportBlock(
                name,
                block.Kind.ToString().ToLowerInvariant(),
                removed.Contains(name) ? "removed" : isThinner ? "thinned" : "kept",
                inside.Length,
                inside.Count(l => l.Int8),
                inside.Sum(l => l.MacsBefore),
                inside.Sum(l => l.MacsAfter));
        })];
    }

    /// <summary>True if channels are made here, so that a list of layers is about it.</summary>
    public static bool IsWeighted(string op) => s_weighted.Contains(op);

    /// <summary>The layers that read dequantized integers, by name and by output: a step between keeps at least one of them.</summary>
    private static HashSet<string> IntegerLayers(Model model) =>
        [.. model.Graph.Nodes
            .Where(n => IsWeighted(n.OpType) && n.Input(0)?.Producer?.OpType == "DequantizeLinear")
            .SelectMany(n => new[] { n.Name, n.Output.Name })
            .Where(n => n.Length > 0)];

    private static ReportLayer Of(LayerChange change) => new(
        change.Before.Name,
        change.Before.Operator,
        change.Before.Weight,
        change.After?.Weight,
        change.Before.Macs,
        change.After?.Macs ?? 0,
        change.Before.Parameters,
        change.After?.Parameters ?? 0)
    {
        ChannelsBefore = change.Before.Channels,
        ChannelsAfter = change.After?.Channels,
        Group = change.Place.Group,
        Block = change.Place.Block,
    };
}
