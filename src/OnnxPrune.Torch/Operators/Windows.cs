using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary>The window of a Conv or pool over [N, C, H, W]: how large, how it moves, and what is added around the image.</summary>
/// <param name="Before">Rows and columns added before the image.</param>
/// <param name="After">And after it.</param>
internal sealed record Window(long[] Kernel, long[] Strides, long[] Dilations, long[] Before, long[] After)
{
    public bool IsSymmetric => Before.SequenceEqual(After);

    public bool HasPadding => Before.Any(p => p != 0) || After.Any(p => p != 0);

    /// <exception cref="UnsupportedModelException">The input has no two spatial axes.</exception>
    public static Window Of(OperatorCall call, long[] kernel)
    {
        if (kernel.Length != 2)
        {
            throw call.Unsupported($"works on {kernel.Length} spatial axes, and only 2 can be trained");
        }

        var node = call.Node;
        var (strides, dilations) = (node.Ints("strides") ?? [1, 1], node.Ints("dilations") ?? [1, 1]);
        var pads = node.String("auto_pad", "NOTSET") switch
        {
            "NOTSET" => node.Ints("pads") ?? [0, 0, 0, 0],
            "VALID" => [0, 0, 0, 0],
            var same => Same(call.SizeOf(0), kernel, strides, dilations, atStart: same == "SAME_LOWER"),
        };
        return new Window(kernel, strides, dilations, pads[..2], pads[2..]);
    }

    /// <summary>The image with the padding around it; libtorch's own operators know equal padding on both sides alone.</summary>
    public Tensor Pad(Tensor x, double value) =>
        functional.pad(x, (long[])[Before[1], After[1], Before[0], After[0]], TorchSharp.PaddingModes.Constant, value);

    // As much padding as makes the output ceil(input / stride); where it is odd, the larger half comes last or first.
    private static long[] Same(long[] size, long[] kernel, long[] strides, long[] dilations, bool atStart)
    {
        var pads = new long[4];
        for (var i = 0; i < 2; i++)
        {
            var steps = (size[i + 2] + strides[i] - 1) / strides[i];
            var total = Math.Max(0, ((steps - 1) * strides[i]) + ((kernel[i] - 1) * dilations[i]) + 1 - size[i + 2]);
            pads[i] = atStart ? total - (total / 2) : total / 2;
            pads[i + 2] = total - pads[i];
        }

        return pads;
    }
}
