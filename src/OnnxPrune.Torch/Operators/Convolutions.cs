using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary><c>X [N, C, H, W], W [M, C/group, kH, kW], B [M] → Y [N, M, H', W']</c></summary>
internal static class Convolutions
{
    public static Tensor Conv(OperatorCall call)
    {
        var (x, w) = (call.Input(0), call.Input(1));
        var window = Windows.Of(call, w.shape[2..]);
        var pads = window.PadsBefore;
        if (!window.IsSymmetric)
        {
            (x, pads) = (window.Pad(x, 0), [0, 0]);
        }

        var group = call.Node.Int("group", 1);
        return x.device_type == DeviceType.CPU && x.shape.Length == 4
            ? FilledConvolution.Of(x, w, call.Optional(2), window.Strides, pads, window.Dilations, group)
            : functional.conv2d(x, w, call.Optional(2), window.Strides, pads, window.Dilations, group);
    }
}
