using static TorchSharp.torch;

namespace OnnxPrune.Torch.Operators;

/// <summary>One number from all elements along some axes: attribute 'axes' in older operator sets, input 1 in newer ones.</summary>
internal static class Reductions
{
    public static Tensor Mean(OperatorCall call) => call.Input(0).mean(Axes(call), Keeps(call));

    public static Tensor Sum(OperatorCall call) => call.Input(0).sum(Axes(call), Keeps(call));

    public static Tensor Max(OperatorCall call) => call.Input(0).amax(Axes(call), Keeps(call));

    private static bool Keeps(OperatorCall call) => call.Node.Int("keepdims", 1) == 1;

    private static long[] Axes(OperatorCall call) => call.Longs("axes", 1) is { Length: > 0 } axes
        ? axes
        : call.Node.Int("noop_with_empty_axes", 0) != 0
            ? throw call.Unsupported("reduces over nothing")
            : [.. Enumerable.Range(0, call.Input(0).shape.Length).Select(a => (long)a)];
}
