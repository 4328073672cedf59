using OnnxPrune.Operators;
using OnnxPrune.Repair;

namespace OnnxPrune.Calibration.Statistics;

/// <summary>
/// The layout of a layer's input as the rows of a regression: one row per sample and position that the layer computes, one feature per
/// channel and element of its window.
/// </summary>
/// <param name="Window">Where a Conv looks; for other layers, every position by itself.</param>
/// <param name="ChannelsLast">Whether the input is [N, D..., C] rather than [N, C, D...].</param>
/// <param name="Channels">C, of all groups.</param>
/// <param name="Groups">Parts of the channels that are regressed apart.</param>
internal sealed record RowLayout(SlidingWindow Window, bool ChannelsLast, long Channels, int Groups)
{
    // What the rows of one batch may take.
    private const long MostElements = 1 << 26;

    /// <summary>The channels that rows are made of; null for all. Only where there is one group.</summary>
    public IReadOnlyList<int>? Chosen { get; init; }

    public long Taps { get; } = Window.Kernel.Aggregate(1L, (a, b) => a * b);

    /// <summary>The features of one group.</summary>
    public int Features => checked((int)((Chosen?.Count ?? (Channels / Groups)) * Taps));

    /// <param name="input">Dimensions of the layer's input.</param>
    /// <param name="weight">Dimensions of its weight.</param>
    public static RowLayout Of(AffineLayer unit, IReadOnlyList<long> input, IReadOnlyList<long> weight) =>
        unit.Layer.OpType == "Conv"
            ? new RowLayout(ConvGeometry.Of(unit.Layer, [.. weight.Skip(2)]).Over([.. input.Skip(2)]), false, input[1], unit.Groups)
            : OfPoints(unit, input) with { Groups = unit.Groups };

    /// <summary>The channels alone, without windows.</summary>
    public static RowLayout OfPoints(AffineLayer unit, IReadOnlyList<long> input) => unit.Layer.OpType is "Conv" or "BatchNormalization"
        ? new RowLayout(Points([.. input.Skip(2)]), false, input[1], 1)
        : new RowLayout(Points([.. input.Skip(1).SkipLast(1)]), true, input[^1], 1);

    private static SlidingWindow Points(long[] sizes) => ConvGeometry.OfPoints(sizes.Length).Over(sizes);

    /// <summary>Draws the positions to look at in one batch.</summary>
    /// <param name="rows">How many rows all batches together should give.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <param name="batches">How many there are.</param>
    public SamplePlan Draw(long rows, long batch, int batches, SeededRandom random)
    {
        var samples = batch * batches;
        var most = MostElements / Math.Max(1, batch * Groups * Features);
        return SamplePlan.ForConv(Window, (int)Math.Clamp((rows + samples - 1) / samples, 1, Math.Max(1, most)), random);
    }
}
