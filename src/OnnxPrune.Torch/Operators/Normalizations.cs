using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary><c>X [N, C, ...] → Y = scale · (X − mean) / √(var + epsilon) + B</c>, all [C].</summary>
internal static class Normalizations
{
    /// <summary>The rate at which the running statistics follow the batches' own: PyTorch's default.</summary>
    public const double Momentum = 0.1;

    public static Tensor Batch(OperatorCall call) => functional.batch_norm(
        call.Input(0), call.Input(3), call.Input(4), call.Input(1), call.Input(2), call.Training, Momentum,
        call.Node.Float("epsilon", 1e-5f));
}
