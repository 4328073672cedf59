using OnnxPrune.Constants;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary>The same elements in another arrangement.</summary>
internal static class ShapeOperators
{
    public static Tensor Concat(OperatorCall call) =>
        cat((IList<Tensor>)[.. Enumerable.Range(0, call.Node.Inputs.Count).Select(call.Input)], call.Node.Int("axis", 1));

    /// <summary>The part that the wanted output is; parts are equal where no sizes are given.</summary>
    public static Tensor Split(OperatorCall call)
    {
        var x = call.Input(0);
        var axis = Axis(call, call.Node.Int("axis", 0), x.shape.Length);
        var count = call.Node.Outputs.Count;
        var each = (x.shape[axis] + count - 1) / count;
        var sizes = call.Longs("split", 1) ?? [.. Enumerable.Range(0, count).Select(i => Math.Min(each, x.shape[axis] - (i * each)))];
        var start = sizes.Take(call.Output).Sum();
        return x.slice(axis, start, start + sizes[call.Output], 1);
    }

    public static Tensor Slice(OperatorCall call)
    {
        var x = call.Input(0);
        var (starts, ends) = (call.Longs("starts", 1)!, call.Longs("ends", 2)!);
        var (axes, steps) = (call.Longs("axes", 3), call.Longs("steps", 4));
        var result = x;
        for (var i = 0; i < starts.Length; i++)
        {
            var axis = Axis(call, axes?[i] ?? i, x.shape.Length);
            var range = SliceRange.Of(starts[i], ends[i], steps?[i] ?? 1, x.shape[axis]);
            result = range is { Step: > 0, Count: > 0 } r
                ? result.slice(axis, r.Start, r.Start + ((r.Count - 1) * r.Step) + 1, r.Step)
                : throw call.Unsupported("slices backwards or takes nothing");
        }

        return starts.Length == 0 ? result.alias() : result;
    }

    public static Tensor Pad(OperatorCall call)
    {
        if (call.Node.String("mode", "constant") != "constant")
        {
            throw call.Unsupported($"pads with mode '{call.Node.String("mode", "")}'");
        }

        var x = call.Input(0);
        var pads = call.Longs("pads", 1) ?? throw call.Unsupported("has no paddings");
        var rank = x.shape.Length;
        var axes = call.Longs("axes", 3) ?? [.. Enumerable.Range(0, rank).Select(a => (long)a)];
        if (pads.Length != 2 * axes.Length)
        {
            throw call.Unsupported($"has {pads.Length} paddings for {axes.Length} axes");
        }

        var torchPads = new long[2 * rank];
        for (var i = 0; i < axes.Length; i++)
        {
            // libtorch counts axes from the last.
            var place = rank - 1 - Axis(call, axes[i], rank);
            (torchPads[2 * place], torchPads[(2 * place) + 1]) = (pads[i], pads[axes.Length + i]);
        }

        return functional.pad(x, torchPads, TorchSharp.PaddingModes.Constant, call.Number("value", 2) ?? 0);
    }

    public static Tensor Transpose(OperatorCall call)
    {
        var x = call.Input(0);
        return x.permute(call.Node.Ints("perm") ?? [.. Enumerable.Range(0, x.shape.Length).Select(i => (long)(x.shape.Length - 1 - i))]);
    }

    /// <summary>Reshape, Flatten, Squeeze, Unsqueeze: the output's size says it all. Where the batch comes first, it stays open.</summary>
    public static Tensor Reshape(OperatorCall call)
    {
        var (input, size) = (call.SizeOf(0), call.OutputSize);
        return input.Length > 0 && size.Length > 0 && input[0] == size[0]
            ? call.Input(0).reshape([-1, .. size[1..]])
            : throw call.Unsupported("moves the batch away from the first axis");
    }

    private static int Axis(OperatorCall call, long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw call.Unsupported($"names the axis {axis} of {rank}");
}
