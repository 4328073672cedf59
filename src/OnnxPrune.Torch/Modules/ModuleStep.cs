using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Torch.Operators;

namespace OnnxPrune.Torch.Modules;

/// <summary>One node that a module computes.</summary>
/// <param name="Output">Which of the node's outputs.</param>
/// <param name="Value">What is made; where a norm is folded into the node, what the norm made.</param>
/// <param name="LastUses">The values that nothing needs after it.</param>
internal sealed record ModuleStep(Node Node, int Output, Value Value, TorchOperator Operator, List<Value> LastUses)
{
    /// <summary>
    /// The nodes between input and output that compute tensors, in topological order, and the Convs that do the work of the
    /// BatchNormalization behind them.
    /// </summary>
    /// <param name="foldsNorms">Whether there may be such.</param>
    /// <exception cref="UnsupportedModelException">An operator cannot be trained through.</exception>
    public static (IReadOnlyList<ModuleStep> Steps, IReadOnlyDictionary<Node, AffineLayer> Folded) Between(
        Value input, Value output, Model model, ConstantValues constants, bool foldsNorms)
    {
        var wanted = Wanted(input, output, constants);
        var steps = new List<ModuleStep>();
        foreach (var node in model.Graph.TopologicalOrder())
        {
            for (var i = 0; i < node.Outputs.Count; i++)
            {
                if (node.Outputs[i] is { } value && wanted.Contains(value))
                {
                    steps.Add(new ModuleStep(node, i, value, TorchOperatorTable.Of(node), []));
                }
            }
        }

        var folded = foldsNorms ? Fold(steps, constants) : [];
        var seen = new HashSet<Value> { output, input };
        foreach (var step in Enumerable.Reverse(steps))
        {
            step.LastUses.AddRange(step.Node.Inputs.Take(step.Operator.Tensors)
                .OfType<Value>()
                .Distinct()
                .Where(v => wanted.Contains(v) && seen.Add(v)));
        }

        return (steps, folded);
    }

    /// <summary>Everything that is computed on the way.</summary>
    private static HashSet<Value> Wanted(Value input, Value output, ConstantValues constants)
    {
        var wanted = new HashSet<Value>();
        var open = new Stack<Value>([output]);
        while (open.TryPop(out var value))
        {
            if (value == input || constants[value] is not null || !wanted.Add(value))
            {
                continue;
            }

            var node = value.Producer ?? throw new UnsupportedModelException($"'{value.Name}' comes from nowhere.");
            foreach (var read in node.Inputs.Take(TorchOperatorTable.Of(node).Tensors).OfType<Value>())
            {
                open.Push(read);
            }
        }

        return wanted;
    }

    /// <summary>Lets Convs make what the norms behind them made; those norms are no steps any more.</summary>
    private static Dictionary<Node, AffineLayer> Fold(List<ModuleStep> steps, ConstantValues constants)
    {
        var folded = new Dictionary<Node, AffineLayer>();
        var norms = steps.Where(s => s.Node.OpType == "BatchNormalization").Select(s => s.Node).ToHashSet();
        for (var i = 0; i < steps.Count; i++)
        {
            var conv = steps[i].Node;
            if (conv.OpType == "Conv"
                && AffineLayer.Of(conv, new Dictionary<Node, int>(), constants) is { Norm: { } norm } unit
                && norms.Contains(norm))
            {
                folded.Add(conv, unit);
                steps[i] = steps[i] with { Value = norm.Output };
            }
        }

        var gone = folded.Values.Select(u => u.Norm).ToHashSet();
        steps.RemoveAll(s => gone.Contains(s.Node));
        return folded;
    }
}
