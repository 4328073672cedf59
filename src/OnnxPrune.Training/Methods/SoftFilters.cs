using OnnxPrune.Planning;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Training.Masks;

namespace OnnxPrune.Training.Methods;

/// <summary>
/// Soft Filter Pruning (He et al. 2018): after every epoch the filters that a plan would remove now are set to zero, and go on being
/// trained, so that they may come back.
/// </summary>
internal static class SoftFilters
{
    /// <returns>How many filters were set to zero.</returns>
    public static int Zero(GraphModule module, PruningPlan plan)
    {
        var indices = PlanIndices.Of(module.Model, plan);
        var count = 0;
        foreach (var weight in module.Weights.Where(w => w.Uses.Any(u => u is { Index: 1, Node.OpType: "Conv" })))
        {
            var content = weight.Export();
            var row = content.Count / content.Dims[0];
            var kept = indices.GetValueOrDefault(weight.Value.Name, []).Select(i => i / row).ToHashSet();
            var values = content.ToDoubles();
            for (var r = 0L; r < content.Dims[0]; r++)
            {
                if (!kept.Contains(r))
                {
                    values.AsSpan((int)(r * row), (int)row).Clear();
                    count++;
                }
            }

            weight.Load(content.WithValues(values));
        }

        return count;
    }
}
