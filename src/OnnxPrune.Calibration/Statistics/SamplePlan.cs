using OnnxPrune.Operators;

namespace OnnxPrune.Calibration.Statistics;

/// <summary>
/// The samples of a sliding layer: some positions of its output, the same for all samples of a batch, and for each the elements of
/// the flattened input under its window.
/// </summary>
/// <param name="Outputs">Flat positions in the layer's output map [S].</param>
/// <param name="Inputs">Flat positions in the input map [S · K], window after window; -1 where it is padded.</param>
/// <param name="Taps">K: elements per window.</param>
internal sealed record SamplePlan(long[] Outputs, long[] Inputs, int Taps)
{
    /// <summary>Draws positions for a Conv whose input and output maps have these sizes.</summary>
    /// <param name="count">How many at most; all of them when there are fewer.</param>
    public static SamplePlan ForConv(SlidingWindow window, int count, SeededRandom random)
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
                inputs[(s * taps) + t] = Flatten([.. place.Select((p, axis) =>
                    (p * window.Strides[axis]) + (tap[axis] * window.Dilations[axis]) - window.PadsBefore[axis])], window.InputSizes);
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
