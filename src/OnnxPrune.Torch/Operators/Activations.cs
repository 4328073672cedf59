using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary>Activations that libtorch has under no such name, or with other parameters.</summary>
internal static class Activations
{
    /// <summary>max(0, min(1, alpha · x + beta)).</summary>
    public static Tensor HardSigmoid(OperatorCall call) =>
        call.Input(0).Times(call.Node.Float("alpha", 0.2f)).Plus(call.Node.Float("beta", 0.5f)).Clamped(0, 1);

    /// <summary>Bounds are attributes before opset 11, inputs after; each may be missing.</summary>
    public static Tensor Clip(OperatorCall call) => call.Input(0).Clamped(
        call.Number("min", 1) ?? double.NegativeInfinity, call.Number("max", 2) ?? double.PositiveInfinity);

    /// <summary>log(e^x + 1).</summary>
    public static Tensor Softplus(OperatorCall call) => call.Input(0).logaddexp(zeros_like(call.Input(0)));

    /// <summary>x where it is positive, slope · x elsewhere; the slope broadcasts.</summary>
    public static Tensor PRelu(OperatorCall call) =>
        functional.relu(call.Input(0)).sub(functional.relu(call.Input(0).neg()).mul(call.Input(1)));
}
