using OnnxPrune.Blocks;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Importance;

/// <summary>
/// The strength of a residual branch: the mean |scale| of its last BatchNormalization, or the mean weight norm of its last layer.
/// </summary>
internal static class BranchStrength
{
    public static double Of(ResidualBlock block, ConstantValues constants)
    {
        foreach (var node in block.Branch.Reverse())
        {
            if (node.OpType == "BatchNormalization" && constants[node.Input(1)] is { } scale)
            {
                return scale.ToDoubles().Average(Math.Abs);
            }

            if (node.OpType is "Conv" or "Gemm" or "MatMul"
                && constants[node.Input(1)] is { } weight
                && weight.ElementType.IsFloatingPoint())
            {
                return Math.Sqrt(weight.ToDoubles().Sum(w => w * w) / Math.Max(1, weight.Dims[0]));
            }
        }

        return 1;
    }

    /// <summary>
    /// True if the branch adds nothing but zeros: its last BatchNormalization has no scale and no shift, or its last layer no weights.
    /// </summary>
    public static bool IsSilent(ResidualBlock block, MomentsFlow moments) =>
        moments.Of(block.Join.Required(block.BranchInput)) is { } known
        && Enumerable.Range(0, known.Count).All(i => known[i] is { IsConstant: true, Mean: 0 });
}
