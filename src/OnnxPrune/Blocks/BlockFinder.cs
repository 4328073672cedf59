using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Blocks;

/// <summary>
/// Finds residual blocks by structure: an Add or Sum, two of whose operands come from one value, one of them through more layers
/// with weights than the other. Names play no part.
/// </summary>
internal static class BlockFinder
{
    /// <summary>The blocks in graph order. The model's values must have their shapes.</summary>
    public static IReadOnlyList<ResidualBlock> Find(Model model, ConstantValues constants)
    {
        using var step = Activities.Begin(Activities.FindBlocks);
        var graph = model.Graph;
        var joins = graph.Nodes.Where(n => n.OpType is "Add" or "Sum" && n.Domain.Length == 0).ToArray();
        if (joins.Length == 0)
        {
            return [];
        }

        var dominators = new Dominators(graph, v => constants[v] is null && !v.IsInitializer);
        var order = graph.TopologicalOrder().Select((n, i) => (n, i)).ToDictionary(p => p.n, p => p.i);
        var blocks = joins.Select(j => Match(j, dominators, constants, order)).OfType<ResidualBlock>().ToArray();
        var blockJoins = blocks.Select(b => b.Join).ToHashSet();
        return [.. blocks.Select(b =>
            b.Obstacle is null && b.Branch.Any(blockJoins.Contains) ? b with { Obstacle = "its branch contains other blocks" } : b)];
    }

    private static ResidualBlock? Match(Node join, Dominators dominators, ConstantValues constants, Dictionary<Node, int> order)
    {
        var operands = Enumerable.Range(0, join.Inputs.Count).Where(i => join.Inputs[i] is { } v && constants[v] is null).ToArray();
        if (operands.Length < 2 || operands.Length != join.Inputs.Count || operands.Any(i => !HasShapeOf(join.Inputs[i]!, join.Output)))
        {
            return null;
        }

        // A Sum of more than two keeps its other operands; the branch is then the one with the most layers.
        var fork = dominators.Of(join);
        var sources = new HashSet<Value>();
        var paths = operands.Select(i => Above(join.Inputs[i]!, fork, constants, sources)).ToArray();
        if (paths.Any(p => p is null) || sources.Count > 1)
        {
            return null;
        }

        var own = operands
            .Select((_, k) => paths[k]!.Where(n => !paths.Where((_, other) => other != k).Any(p => p!.Contains(n))).ToHashSet())
            .ToArray();
        var layers = Array.ConvertAll(own, nodes => nodes.Count(n => IsLayer(n, constants)));
        var (branch, shortcut) = (Array.IndexOf(layers, layers.Max()), Array.IndexOf(layers, layers.Min()));
        if (layers[branch] == layers[shortcut] || layers[shortcut] > 1 || own.Any(path => path.Any(n => PadsUnknownAxis(n, constants))))
        {
            return null;
        }

        var kind = layers[shortcut] == 1 ? ShortcutKind.Projection : own[shortcut].Count == 0 ? ShortcutKind.Identity : ShortcutKind.Padded;
        return new ResidualBlock(
            join,
            operands[branch],
            operands[shortcut],
            [.. own[branch].OrderBy(n => order[n])],
            [.. own[shortcut].OrderBy(n => order[n])],
            Obstacle(join, operands[shortcut], own[branch]))
        {
            Kind = kind,
        };
    }

    /// <summary>True if a node has weights that a block is counted by. What only computes further weights is none.</summary>
    internal static bool IsLayer(Node node, ConstantValues constants) =>
        WeightLayout.IsLayer(node) && constants[node.Input(1)] is not null && constants[node.Output] is null;

    private static bool HasShapeOf(Value operand, Value result) =>
        operand.Shape is { } a
            && result.Shape is { } b
            && a.Rank == b.Rank
            && Enumerable.Range(0, a.Rank).All(i => a[i].SurelyEquals(b[i]) || (!a[i].IsKnown && !b[i].IsKnown));

    /// <summary>True if a node may change the size of an axis of which no shape tells.</summary>
    private static bool PadsUnknownAxis(Node node, ConstantValues constants)
    {
        if (node.OpType != "Pad" || node.Output.Shape is not { } shape)
        {
            return false;
        }

        var pads = node.Input(1) is { } input ? constants[input]?.ToDoubles() : node.Ints("pads")?.Select(p => (double)p).ToArray();
        return Enumerable.Range(0, shape.Rank).Any(axis =>
            shape[axis].Size is null
                && (node.Input(3) is not null || pads?.Length != 2 * shape.Rank || pads[axis] != 0 || pads[shape.Rank + axis] != 0));
    }

    /// <summary>The nodes above a value, down from the fork and without it; null when something else than the fork feeds them.</summary>
    /// <param name="sources">Receives the graph inputs that the paths begin at: one, if they have a common source.</param>
    private static HashSet<Node>? Above(Value value, Node? fork, ConstantValues constants, HashSet<Value> sources)
    {
        var nodes = new HashSet<Node>();
        var open = new Stack<Value>([value]);
        while (open.TryPop(out var next))
        {
            if (constants[next] is not null || next.IsInitializer || (fork is not null && next.Producer == fork))
            {
                continue;
            }

            // Without a fork node, the blocks' common source is a graph input.
            if (next.Producer is not { } producer)
            {
                if (fork is not null)
                {
                    return null;
                }

                sources.Add(next);
                continue;
            }

            if (nodes.Add(producer))
            {
                foreach (var input in producer.Inputs.Concat(producer.Captures).OfType<Value>())
                {
                    open.Push(input);
                }
            }
        }

        return nodes;
    }

    private static string? Obstacle(Node join, int shortcutInput, HashSet<Node> branch)
    {
        foreach (var output in branch.SelectMany(n => n.Outputs).OfType<Value>())
        {
            if (output.IsGraphOutput)
            {
                return $"its branch gives the graph's output '{output.Name}'";
            }

            if (output.Uses.FirstOrDefault(u => u.Node != join && !branch.Contains(u.Node)) is { Node: { } reader })
            {
                return $"its branch is also read by {reader}";
            }
        }

        // A weight that nothing reads any more can be left out by ONNX Runtime, and is then missed among the outputs.
        if (branch.SelectMany(n => n.Inputs).FirstOrDefault(v => v is { IsInitializer: true, IsGraphOutput: true }
            && v.Uses.All(u => branch.Contains(u.Node))) is { } weight)
        {
            return $"its branch reads '{weight.Name}', which the graph gives out as well";
        }

        var shortcut = join.Required(shortcutInput);
        if (join.Output.Uses.Any(u => u.IsCapture) || (join.Output.IsGraphOutput && (shortcut.Producer is null || shortcut.IsGraphOutput)))
        {
            return "its sum is an output of the graph or captured by a subgraph, and the shortcut cannot take its name";
        }

        return null;
    }
}
