using static TorchSharp.torch;

namespace OnnxPrune.Torch.Operators;

/// <summary>Operators on any number of operands.</summary>
internal static class Arithmetic
{
    public static Tensor Fold(OperatorCall call, Func<Tensor, Tensor, Tensor> combine)
    {
        var result = call.Input(0);
        for (var i = 1; i < call.Node.Inputs.Count; i++)
        {
            result = combine(result, call.Input(i));
        }

        return call.Node.Inputs.Count == 1 ? result.alias() : result;
    }
}
