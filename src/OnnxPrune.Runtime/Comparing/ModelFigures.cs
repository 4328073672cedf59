using OnnxPrune.Planning;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>The counts of a model's parts.</summary>
internal sealed record ModelFigures(int Nodes, int Blocks, long Channels, long Parameters, long Macs, long FileBytes)
{
    public static ModelFigures Of(int nodes, int blocks, Cost cost, long bytes) =>
        new(nodes, blocks, cost.Channels, cost.Parameters, cost.Macs, bytes);
}
