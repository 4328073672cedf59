using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Training.Operators;

/// <summary><c>X [N, C, H, W], W [M, C/group, kH, kW], B [M] → Y [N, M, H', W']</c></summary>
internal static class Convolutions
{
    public static Tensor Conv(OperatorCall call)
    {
        var (x, w) = (call.Input(0), call.Input(1));
        var window = Window.Of(call, w.shape[2..]);
        var group = call.Node.Int("group", 1);
        return window.IsSymmetric
            ? functional.conv2d(x, w, call.Optional(2), window.Strides, window.Before, window.Dilations, group)
            : functional.conv2d(window.Pad(x, 0), w, call.Optional(2), window.Strides, (long[])[0, 0], window.Dilations, group);
    }
}
