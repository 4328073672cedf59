using OnnxPrune.Blocks;
using OnnxPrune.Graphs;

namespace OnnxPrune.Rewriting;

/// <summary>
/// Removes the branch of a residual block.
/// Given: y = Add(branch(x), shortcut(x))   Result: y = shortcut(x)
/// Given: y = Sum(branch(x), a, b)          Result: y = Sum(a, b)
/// A Relu that follows the sum goes too when what it reads now is never negative.
/// </summary>
internal static class BlockRemoval
{
    /// <exception cref="UsageException">The block cannot be removed; the graph is then unchanged.</exception>
    public static void Apply(Graph graph, ResidualBlock block)
    {
        if (block.Obstacle is { } obstacle)
        {
            throw new UsageException($"Block '{block.Name}' cannot be removed: {obstacle}.");
        }

        var bystanders = DeadCode.Find(graph);
        var join = block.Join;
        if (join.Inputs.Count > 2)
        {
            for (var i = block.BranchInput; i + 1 < join.Inputs.Count; i++)
            {
                join.SetInput(i, join.Inputs[i + 1]);
            }

            join.TrimInputs(join.Inputs.Count - 1);
        }
        else
        {
            var shortcut = join.Required(block.ShortcutInput);
            var readers = join.Output.Uses.Select(u => u.Node).Distinct().ToArray();
            if (!graph.ReplaceAllUsesWith(join.Output, shortcut))
            {
                throw new UsageException(
                    $"Block '{block.Name}' cannot be removed: the shortcut cannot take the place of the graph's output.");
            }

            foreach (var relu in readers.Where(r => r.OpType == "Relu" && NonNegative.Is(shortcut)))
            {
                graph.ReplaceAllUsesWith(relu.Output, shortcut);
            }
        }

        DeadCode.Remove(graph, except: bystanders);
    }
}
