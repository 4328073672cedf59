using OnnxPrune.Calibration.Activations;
using OnnxPrune.Calibration.Statistics;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;

namespace OnnxPrune.Calibration.Reconstruction;

/// <summary>The sums for the regressions of one layer, one per group: over every other batch (A), and over those between (B).</summary>
internal sealed record LayerSums(NormalEquations[] A, NormalEquations[] B)
{
    private const int RowsPerFeature = 32;
    private const int FewestRows = 16384;

    // A group has few features, and all groups have their rows at once.
    private const int FewestRowsOfGroups = 8192;

    // What is only to be compared does with so many times fewer.
    private const int RoughPart = 4;

    /// <summary>Runs both networks up to the layer and sums over sampled positions.</summary>
    /// <param name="shortcut">What is taken from the target; null for nothing.</param>
    /// <param name="constants">Of the working copy.</param>
    /// <param name="work">Where the unit's input and the shortcut are.</param>
    /// <param name="original">Where the pair's target is.</param>
    /// <param name="targets">Its channels.</param>
    /// <param name="chosen">Channels of the input that are features; null for all.</param>
    /// <param name="isRough">Whether what comes out is only to be compared.</param>
    public static LayerSums Collect(
        LayerPair pair, Value? shortcut, ConstantValues constants, LayerwiseExecutor work, LayerwiseExecutor original, int targets,
        IReadOnlyList<int>? chosen, SeededRandom random, bool isRough)
    {
        var (unit, target) = (pair.Unit, pair.Target);
        var (seeds, weight) = (random.Seeds(work.Batches), constants[unit.Layer.Inputs[1]]!.Dims);
        using var statistics = new RegressionStatistics(hasTarget: true, work.Settings);
        var (ofWork, ofOriginal) = Concurrently.Open(
            () => work.View(shortcut is null ? [unit.Input] : [unit.Input, shortcut]), () => original.View([target]), work.Threads);
        using var given = ofWork;
        using var wanted = ofOriginal;
        LayerSums? sums = null;
        var number = 0;
        foreach (var batch in OrderedParallel.Lend(work.Batches, work.AtOnce, Sum))
        {
            sums ??= new LayerSums(Empty(batch.Layout, targets), Empty(batch.Layout, targets));
            batch.AddTo(number++ % 2 == 0 ? sums.A : sums.B);
        }

        return sums!;

        BatchSums Sum(int i)
        {
            using var x = given.Of(i);
            using var t = wanted.Of(i);
            var input = x[unit.Input].GetTensorTypeAndShape().Shape;
            var layout = (pair.ByChannels ? RowLayout.OfPoints(unit, input) : RowLayout.Of(unit, input, weight)) with { Chosen = chosen };
            var rows = Math.Max(layout.Groups > 1 ? FewestRowsOfGroups : FewestRows, RowsPerFeature * layout.Features);
            var plan = layout.Draw(isRough ? rows / RoughPart : rows, input[0], work.Batches, new SeededRandom(seeds[i]));
            return statistics.Of(layout, x[unit.Input], t[target], shortcut is null ? null : x[shortcut], plan);
        }
    }

    private static NormalEquations[] Empty(RowLayout layout, int targets) =>
        [.. Enumerable.Range(0, layout.Groups).Select(_ => new NormalEquations(layout.Features, targets / layout.Groups))];
}
