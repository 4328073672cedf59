using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Inputs;

namespace OnnxPrune.Calibration.Statistics;

/// <summary>
/// Where a sliding layer is sampled: some positions of its output, the same for all samples of a batch, and for each the elements of
/// the flattened input under its window.
/// </summary>
/// <param name="Outputs">Flat positions in the layer's output map [S].</param>
/// <param name="Inputs">Flat positions in the input map [S · K], window after window; -1 where it is padded.</param>
/// <param name="Taps">K: elements per window.</param>
internal sealed record SamplePlan(long[] Outputs, long[] Inputs, int Taps)
{
    /// <summary>Draws positions for a Conv whose input and output maps have these sizes.</summary>
    /// <param name="count">How many at most; all of them when there are fewer.</param>
    public static SamplePlan ForConv(ConvWindow window, int count, SeededRandom random)
    {
        var total = checked((int)window.OutputSizes.Aggregate(1L, (a, b) => a * b));
        int[] chosen = count >= total ? [.. Enumerable.Range(0, total)] : [.. random.Permutation(total).Take(count).Order()];
        var taps = checked((int)window.Kernel.Aggregate(1L, (a, b) => a * b));
        var inputs = new long[chosen.Length * taps];
        for (var s = 0; s < chosen.Length; s++)
        {
            var place = Unflatten(chosen[s], window.OutputSizes);
            for (var t = 0; t < taps; t++)
            {
                var tap = Unflatten(t, window.Kernel);
                inputs[(s * taps) + t] = Flatten([.. place.Select((p, axis) => (p * window.Strides[axis]) + (tap[axis] * window.Dilations[axis]) - window.PadsBefore[axis])], window.InputSizes);
            }
        }

        return new SamplePlan(Array.ConvertAll(chosen, c => (long)c), inputs, taps);
    }

    /// <summary>-1 outside.</summary>
    private static long Flatten(IReadOnlyList<long> place, IReadOnlyList<long> sizes)
    {
        var flat = 0L;
        for (var axis = 0; axis < place.Count; axis++)
        {
            if (place[axis] < 0 || place[axis] >= sizes[axis])
            {
                return -1;
            }

            flat = (flat * sizes[axis]) + place[axis];
        }

        return flat;
    }

    private static long[] Unflatten(long flat, IReadOnlyList<long> sizes)
    {
        var place = new long[sizes.Count];
        for (var axis = sizes.Count - 1; axis >= 0; axis--)
        {
            (flat, place[axis]) = Math.DivRem(flat, sizes[axis]);
        }

        return place;
    }
}

/// <summary>The geometry of a Conv: spatial sizes and attributes, one number per spatial axis.</summary>
internal sealed record ConvWindow(long[] Kernel, long[] Strides, long[] Dilations, long[] PadsBefore, long[] InputSizes, long[] OutputSizes)
{
    /// <param name="input">Dimensions [N, C, D...] of the layer's input.</param>
    /// <param name="output">Dimensions [N, M, D'...] of its output.</param>
    /// <param name="weight">Dimensions [M, C, k...].</param>
    public static ConvWindow Of(Node conv, IReadOnlyList<long> input, IReadOnlyList<long> output, IReadOnlyList<long> weight)
    {
        var axes = weight.Count - 2;
        long[] kernel = [.. weight.Skip(2)];
        var strides = conv.Ints("strides") ?? Ones(axes);
        var dilations = conv.Ints("dilations") ?? Ones(axes);
        long[] inputs = [.. input.Skip(2)];
        long[] outputs = [.. output.Skip(2)];
        var pads = conv.Ints("pads") ?? new long[2 * axes];
        var auto = conv.String("auto_pad", "NOTSET");
        var before = pads[..axes];
        if (auto.StartsWith("SAME", StringComparison.Ordinal))
        {
            for (var axis = 0; axis < axes; axis++)
            {
                var total = Math.Max(0, ((outputs[axis] - 1) * strides[axis]) + ((kernel[axis] - 1) * dilations[axis]) + 1 - inputs[axis]);
                before[axis] = auto == "SAME_UPPER" ? total / 2 : total - (total / 2);
            }
        }

        return new ConvWindow(kernel, strides, dilations, before, inputs, outputs);
    }

    /// <summary>The same where the output's size is not known beforehand.</summary>
    public static ConvWindow OfInput(Node conv, IReadOnlyList<long> input, IReadOnlyList<long> weight)
    {
        var axes = weight.Count - 2;
        var strides = conv.Ints("strides") ?? Ones(axes);
        var dilations = conv.Ints("dilations") ?? Ones(axes);
        var pads = conv.Ints("pads") ?? new long[2 * axes];
        var isSame = conv.String("auto_pad", "NOTSET").StartsWith("SAME", StringComparison.Ordinal);
        var sizes = Enumerable.Range(0, axes).Select(axis => isSame
            ? (input[axis + 2] + strides[axis] - 1) / strides[axis]
            : ((input[axis + 2] + pads[axis] + pads[axes + axis] - ((weight[axis + 2] - 1) * dilations[axis]) - 1) / strides[axis]) + 1);
        return Of(conv, input, [input[0], weight[0], .. sizes], weight);
    }

    /// <summary>Every element of a map of these sizes by itself.</summary>
    public static ConvWindow OfPoints(long[] sizes) =>
        new(Ones(sizes.Length), Ones(sizes.Length), Ones(sizes.Length), new long[sizes.Length], sizes, sizes);

    private static long[] Ones(int count)
    {
        var ones = new long[count];
        Array.Fill(ones, 1);
        return ones;
    }
}
