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
        var window = Window.Of(call, w.shape[2..]);
        var pads = window.Before;
        if (!window.IsSymmetric)
        {
            (x, pads) = (window.Pad(x, 0), [0, 0]);
        }

        if (x.device_type == DeviceType.CPU && x.shape.Length == 4)
        {
            (x, w) = ChannelsLast(x, w);
        }

        return functional.conv2d(x, w, call.Optional(2), window.Strides, pads, window.Dilations, call.Node.Int("group", 1));
    }

    /// <summary>
    /// The same operands in the layout [N, H, W, C], with which libtorch computes most convolutions several times faster; what follows keeps it. Above all it
    /// computes them right: in the plain layout, libtorch 2.10 fills channels up to a multiple of 16 (8 with AVX2) with what lies beside them instead of zeros,
    /// on some processors at least (docs/training.md).
    /// </summary>
    private static (Tensor X, Tensor W) ChannelsLast(Tensor x, Tensor w)
    {
        if (x.shape[1] == 1)
        {
            // The layouts of a single channel cannot be told apart, and libtorch would take the plain one.
            (x, w) = (functional.pad(x, s_oneChannel), functional.pad(w, s_oneChannel));
        }

        var size = x.shape;
        var moved = x.permute(0, 2, 3, 1);
        if (size[2] * size[3] == 1 && w.shape[2] * w.shape[3] > 1)
        {
            // Nor can those of a single position.
            return (moved.contiguous().as_strided(size, [size[1], 1, size[1], size[1]], 0), w);
        }

        return (moved.is_contiguous() ? x : moved.contiguous().permute(0, 3, 1, 2), w);
    }

    private static readonly long[] s_oneChannel = [0, 0, 0, 0, 0, 1];
}
