using OnnxPrune.Blocks;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Torch.Modules;

namespace OnnxPrune.Training.Runs;

/// <summary>Random weights for a network whose shape alone is wanted: the control for everything that is pruned.</summary>
internal static class ScratchWeights
{
    /// <summary>
    /// Layers by He et al. 2015 (normal, variance 2 / inputs), biases zero, BatchNormalization the identity on statistics that are yet to
    /// come. Biases of layers without BatchNormalization become zero too. A BatchNormalization that ends a residual branch has a scale of
    /// zero: the block starts as its shortcut, and networks of many blocks learn from the first step on (Goyal et al. 2017).
    /// </summary>
    public static void Draw(GraphModule module, long seed)
    {
        var random = new SeededRandom(seed);
        var closing = BlockFinder.Find(module.Model, new ConstantValues()).Select(b => b.Join.Input(b.BranchInput)!.Producer).ToHashSet();
        foreach (var weight in module.Weights)
        {
            var shape = weight.Export();
            var values = new double[shape.Count];
            var use = weight.Uses[0];
            switch (use.Node.OpType, use.Index)
            {
                case ("BatchNormalization", 1) when closing.Contains(use.Node):
                    break;
                case ("BatchNormalization", 1 or 4):
                    Array.Fill(values, 1);
                    break;
                case ("BatchNormalization", _) or ("Conv" or "Gemm", 2) or ("Add", _):
                    break;
                case ("PRelu", _):
                    Array.Fill(values, 0.25);
                    break;
                default:
                    var deviation = Math.Sqrt(2.0 / Inputs(use, shape));
                    values = Array.ConvertAll(values, _ => deviation * random.NextNormal());
                    break;
            }

            weight.Load(shape.WithValues(values));
        }
    }

    /// <summary>The number of numbers that one output of the layer is summed from.</summary>
    private static long Inputs(Use use, Tensor weight) =>
        WeightLayout.Of(use.Node, use.Index) is { } layout && (weight.Rank == 2 || use.Node.OpType == "Conv")
        ? layout.FanIn(weight)
        : weight.Dims[Math.Max(0, weight.Rank - 2)];
}
