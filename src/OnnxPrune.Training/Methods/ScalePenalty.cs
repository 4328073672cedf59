using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Training.Methods;

/// <summary>
/// Network Slimming's penalty (Liu et al. 2017), lambda · Σ |scale| over all BatchNormalizations, added to the gradients as its
/// subgradient.
/// </summary>
internal static class ScalePenalty
{
    /// <summary>Network Slimming's own value.</summary>
    public const double PaperLambda = 1e-4;

    /// <summary>After the backward pass.</summary>
    public static void Apply(GraphModule module, double lambda)
    {
        using var mode = torch.no_grad();
        foreach (var scale in module.Weights.Where(w => w.IsNormScale).Select(w => w.Parameter!))
        {
            scale.grad?.Increase(scale.sign(), lambda);
        }
    }
}
