using static TorchSharp.torch;

namespace OnnxPrune.Torch.Operators;

/// <summary>Computes an operator with libtorch.</summary>
/// <param name="Compute">Gives the output that the call asks for.</param>
/// <param name="Tensors">How many of the leading inputs are tensors to compute with; the others are integers known beforehand.</param>
internal sealed record TorchOperator(Func<OperatorCall, Tensor> Compute, int Tensors = int.MaxValue);
