using OnnxPrune.Graphs;
using OnnxPrune.Planning;

namespace OnnxPrune.Training.Masks;

/// <summary>
/// Which elements of every weight stay under a plan. Found by carrying the plan out on a copy whose weights hold their own indices, so that
/// no second code knows how operators cut.
/// </summary>
internal static class PlanIndices
{
    /// <returns>By the name of an initializer: for each element of the pruned tensor, its index in the whole one. Initializers that go are
    /// missing.</returns>
    public static IReadOnlyDictionary<string, long[]> Of(Model model, PruningPlan plan)
    {
        var copy = model.Clone();
        foreach (var value in copy.Graph.Initializers.Where(HasWeights).ToArray())
        {
            // Doubles hold every index exactly.
            var tensor = value.Initializer!;
            Graph.SetInitializer(
                value, tensor.WithType(ElementType.Double).WithValues([.. Enumerable.Range(0, (int)tensor.Count).Select(i => (double)i)]));
        }

        return Pruner.Apply(copy, plan with { AbsorbMeans = false }).Graph.Initializers.Where(v => v.ElementType == ElementType.Double)
            .ToDictionary(v => v.Name, v => Array.ConvertAll(v.Initializer!.ToDoubles(), d => (long)d));
    }

    public static bool HasWeights(Value value) => value.Initializer is { HasBytes: true } tensor && tensor.ElementType.IsFloatingPoint();
}
