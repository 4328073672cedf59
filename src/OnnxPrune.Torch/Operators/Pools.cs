using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary><c>X [N, C, H, W] → Y [N, C, H', W']</c>, each channel by itself.</summary>
internal static class Pools
{
    public static Tensor Max(OperatorCall call)
    {
        var window = Windows.Of(call, Kernel(call));
        var ceil = call.Node.Int("ceil_mode", 0) != 0;
        return window.IsSymmetric
            ? functional.max_pool2d(call.Input(0), window.Kernel, window.Strides, window.PadsBefore, window.Dilations, ceil)
            : functional.max_pool2d(
                window.Pad(call.Input(0), double.NegativeInfinity), window.Kernel, window.Strides, (long[])[0, 0], window.Dilations, ceil);
    }

    public static Tensor Average(OperatorCall call)
    {
        var window = Windows.Of(call, Kernel(call));
        var (ceil, counts) = (call.Node.Int("ceil_mode", 0) != 0, call.Node.Int("count_include_pad", 0) != 0);
        if (window.Dilations.Any(d => d != 1))
        {
            throw call.Unsupported("averages over a dilated window");
        }

        if (window.IsSymmetric)
        {
            return functional.avg_pool2d(call.Input(0), window.Kernel, window.Strides, window.PadsBefore, ceil, counts);
        }

        return counts
            ? functional.avg_pool2d(window.Pad(call.Input(0), 0), window.Kernel, window.Strides, (long[])[0, 0], ceil)
            : throw call.Unsupported("averages with more padding on one side than on the other");
    }

    public static Tensor GlobalAverage(OperatorCall call) => call.Input(0).mean(Positions(call), true);

    public static Tensor GlobalMax(OperatorCall call) => call.Input(0).amax(Positions(call), true);

    private static long[] Kernel(OperatorCall call) => call.Node.Ints("kernel_shape") ?? throw call.Unsupported("has no 'kernel_shape'");

    private static long[] Positions(OperatorCall call) => call.Input(0).shape is { Length: > 2 } size
        ? [.. Enumerable.Range(2, size.Length - 2).Select(a => (long)a)]
        : throw call.Unsupported("reads something without positions");
}
