using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;

namespace OnnxPrune.Training.Masks;

/// <summary>
/// A pruned network's weights in the structure that it was pruned from: what was removed is zero, and the plan that removes it lies in the
/// metadata. The model computes what the pruned one does, and pruning it gives the pruned one back.
/// </summary>
internal static class MaskedModel
{
    /// <param name="full">The structure before pruning; stays as it is.</param>
    /// <param name="pruned">What the plan and training made of it; names are the same.</param>
    public static Model Of(Model full, PruningPlan plan, Model pruned)
    {
        var indices = PlanIndices.Of(full, plan);
        var masked = full.Clone();
        foreach (var value in masked.Graph.Initializers.Where(PlanIndices.HasWeights).ToArray())
        {
            if (indices.TryGetValue(value.Name, out var places) && pruned.Graph.Find(value.Name)?.Initializer is { } content)
            {
                Graph.SetInitializer(value, Scatter(value.Initializer!, places, content));
            }
        }

        AddBiases(masked, pruned, indices);
        SilenceBlocks(masked, plan);
        masked.Metadata[PruningPlan.MetadataKey] = (plan with { AbsorbMeans = false }).ToJson();
        return masked;
    }

    private static Tensor Scatter(Tensor whole, long[] places, Tensor content)
    {
        var values = new double[whole.Count];
        var kept = content.ToDoubles();
        for (var i = 0; i < kept.Length; i++)
        {
            values[places[i]] = kept[i];
        }

        return whole.WithValues(values);
    }

    /// <summary>A layer that took over the mean of removed channels has a bias that the whole structure lacks.</summary>
    private static void AddBiases(Model masked, Model pruned, IReadOnlyDictionary<string, long[]> indices)
    {
        var (names, prunedNames) = (new NodeNames(masked.Graph), new NodeNames(pruned.Graph));
        foreach (var node in masked.Graph.Nodes.Where(n => n.OpType is "Conv" or "Gemm" && n.Input(2) is null).ToArray())
        {
            if (prunedNames.Find(names.Of(node))?.Input(2)?.Initializer is not { } bias
                || node.Input(1) is not { Initializer: { } weight } value
                || !indices.TryGetValue(value.Name, out var places))
            {
                continue;
            }

            var rows = WeightLayout.Of(node)!.Value.OutputAxis;
            var stride = Tensor.RowMajorStrides(weight.Dims)[rows];
            var kept = places.Select(p => p / stride % weight.Dims[rows]).Distinct().Order().ToArray();
            node.SetInput(2, masked.Graph.AddFreshInitializer(
                $"{value.Name}.bias", Scatter(weight.WithValues(new double[weight.Dims[rows]], weight.Dims[rows]), kept, bias)));
        }
    }

    /// <summary>Makes the branches of removed blocks give zero, where their last layer is one that can be made to.</summary>
    private static void SilenceBlocks(Model masked, PruningPlan plan)
    {
        var blocks = PlanLookup.Blocks(plan, masked, BlockFinder.Find(masked, ChannelFlow.Through(masked).Constants));
        foreach (var block in blocks)
        {
            var last = block.Join.Required(block.BranchInput).Producer;
            foreach (var value in last is { OpType: "BatchNormalization" or "Conv" or "Gemm" }
                ? last.Inputs.Skip(1).Take(2).OfType<Value>().Where(v => v.IsInitializer)
                : [])
            {
                Graph.SetInitializer(value, value.Initializer!.WithValues(new double[value.Initializer.Count]));
            }
        }
    }
}
