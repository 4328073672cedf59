using OnnxPrune.Operators;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary>The windows of a Conv or pool over [N, C, H, W], as libtorch takes them.</summary>
internal static class Windows
{
    /// <exception cref="UnsupportedModelException">The input has no two spatial axes.</exception>
    public static SlidingWindow Of(OperatorCall call, long[] kernel) => kernel.Length == 2
        ? ConvGeometry.Of(call.Node, kernel).Over(call.SizeOf(0)[2..4])
        : throw call.Unsupported($"works on {kernel.Length} spatial axes, and only 2 can be trained");

    /// <summary>The image with the padding around it; libtorch's own operators know equal padding on both sides alone.</summary>
    public static Tensor Pad(this SlidingWindow window, Tensor x, double value) => functional.pad(
        x, (long[])[window.PadsBefore[1], window.PadsAfter[1], window.PadsBefore[0], window.PadsAfter[0]], TorchSharp.PaddingModes.Constant,
        value);
}
