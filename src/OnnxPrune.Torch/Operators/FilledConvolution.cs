using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary>
/// A convolution on the CPU whose channels are filled up with zeros to sizes that libtorch 2.10 computes right. oneDNN 3.7.1 stores weights
/// in blocks of 8 to 64 channels; where the last block is not full, its conversion leaves other values in it, and results, gradients and
/// foreign memory are overwritten (docs/training.md). Activations get the layout [N, H, W, C], in which most convolutions are several times
/// faster; what follows keeps it.
/// </summary>
internal static class FilledConvolution
{
    /// <summary>No block of inputs is larger.</summary>
    private const long InputBlock = 16;

    /// <summary>No block of outputs is larger; smaller powers of two down to <see cref="InputBlock"/> are blocks of their own.</summary>
    private const long OutputBlock = 64;

    /// <param name="x">[N, C, H, W].</param>
    /// <param name="w">[M, C/group, kH, kW].</param>
    /// <param name="b">[M].</param>
    /// <returns>[N, M, H', W'].</returns>
    public static Tensor Of(Tensor x, Tensor w, Tensor? b, long[] strides, long[] pads, long[] dilations, long group)
    {
        if (group > 1 && w.shape[1] == 1 && dilations.Any(d => d > 1))
        {
            // Gradients for the input of dilated depthwise convolutions are wrong for every number of channels.
            (w, dilations) = (Spread(w, dilations), [1, 1]);
        }

        var (inputs, outputs) = (w.shape[1], w.shape[0] / group);
        if (group > 1 && inputs == 1 && outputs == 1)
        {
            var groups = RoundUp(group, InputBlock);
            var y =
                functional.conv2d(ChannelsLast(Fill(x, 1, groups)), Fill(w, 0, groups), b is null
                    ? null
                    : Fill(b, 0, groups), strides, pads, dilations, groups);
            return First(y, group);
        }

        var (filledInputs, filledOutputs) = (RoundUp(inputs, InputBlock), FilledOutputs(outputs));
        var result = functional.conv2d(
            ChannelsLast(FillGroups(x, 1, group, filledInputs)),
            Fill(FillGroups(w, 0, group, filledOutputs), 1, filledInputs),
            b is null ? null : FillGroups(b, 0, group, filledOutputs),
            strides,
            pads,
            dilations,
            group);
        return filledOutputs == outputs
            ? result
            : group == 1
                ? First(result, outputs)
                : result.unflatten(1, group, filledOutputs).narrow(2, 0, outputs).flatten(1, 2);
    }

    private static long FilledOutputs(long count) =>
        count > OutputBlock / 2 ? RoundUp(count, OutputBlock) : count > InputBlock ? OutputBlock / 2 : InputBlock;

    private static long RoundUp(long count, long block) => (count + block - 1) / block * block;

    private static Tensor First(Tensor y, long channels) => y.shape[1] == channels ? y : y.narrow(1, 0, channels);

    /// <summary>Zeros behind the last element of an axis.</summary>
    private static Tensor Fill(Tensor x, int axis, long size)
    {
        var missing = size - x.shape[axis];
        if (missing == 0)
        {
            return x;
        }

        var widths = new long[2 * (x.shape.Length - axis)];
        widths[^1] = missing;
        return functional.pad(x, widths);
    }

    /// <summary>Zeros behind the last element of every group of an axis.</summary>
    private static Tensor FillGroups(Tensor x, int axis, long groups, long size) =>
        groups == 1
            ? Fill(x, axis, size)
            : x.shape[axis] == groups * size
                ? x
                : Fill(x.unflatten(axis, groups, x.shape[axis] / groups), axis + 1, size).flatten(axis, axis + 1);

    /// <summary>The kernel with the zeros written out that a dilation stands for.</summary>
    private static Tensor Spread(Tensor w, long[] dilations)
    {
        for (var i = 0; i < 2; i++)
        {
            var axis = i + 2;
            var size = w.shape[axis];
            w = Fill(w.unsqueeze(axis + 1), axis + 1, dilations[i])
                .flatten(axis, axis + 1)
                .narrow(axis, 0, ((size - 1) * dilations[i]) + 1);
        }

        return w;
    }

    private static Tensor ChannelsLast(Tensor x)
    {
        var size = x.shape;
        var moved = x.permute(0, 2, 3, 1);
        return size[2] * size[3] == 1
            // Layouts of a single position cannot be told apart, and libtorch would take the plain one.
            ? moved.contiguous().as_strided(size, [size[1], 1, size[1], size[1]], 0)
            : moved.is_contiguous() ? x : moved.contiguous().permute(0, 3, 1, 2);
    }
}
