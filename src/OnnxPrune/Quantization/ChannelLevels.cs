using System.Runtime.InteropServices;
using OnnxPrune.Graphs;

namespace OnnxPrune.Quantization;

/// <summary>The different numbers that a weight takes in each output channel, told apart by their bits.</summary>
internal sealed class ChannelLevels
{
    private readonly ReadOnlyMemory<byte> _rows;
    private readonly int _size;

    private ChannelLevels(Tensor weight, int axis)
    {
        _rows = ChannelsFirst(weight, axis).Data;
        _size = weight.ElementType.SizeInBytes();
        Features = checked((int)(weight.Count / weight.Dims[axis]));
    }

    /// <summary>The levels of each channel, as integers of the same bits, rising.</summary>
    public IReadOnlyList<long[]> Levels { get; private set; } = [];

    /// <summary>The number of weights in a channel.</summary>
    public int Features { get; }

    /// <param name="weight">Not empty; of elements of 1, 2, 4 or 8 bytes.</param>
    /// <param name="axis">Of the output channels.</param>
    /// <param name="most">The levels that a channel may take.</param>
    /// <returns>Null where a channel takes more.</returns>
    public static ChannelLevels? Of(Tensor weight, int axis, int most)
    {
        var found = new ChannelLevels(weight, axis);
        var levels = new long[weight.Dims[axis]][];
        for (var channel = 0; channel < levels.Length; channel++)
        {
            var seen = new HashSet<long>();
            for (var feature = 0; feature < found.Features && seen.Count <= most; feature++)
            {
                seen.Add(found.Bits(channel, feature));
            }

            if (seen.Count > most)
            {
                return null;
            }

            levels[channel] = [.. seen.Order()];
        }

        found.Levels = levels;
        return found;
    }

    /// <summary>The place of a weight among the levels of its channel.</summary>
    public int IndexOf(int channel, int feature) => Array.BinarySearch(Levels[channel], Bits(channel, feature));

    /// <summary>A weight with its output channels in front.</summary>
    public static Tensor ChannelsFirst(Tensor weight, int axis) =>
        axis == 0 ? weight : weight.Transpose([axis, .. Enumerable.Range(0, weight.Rank).Where(i => i != axis)]);

    private long Bits(int channel, int feature)
    {
        var at = _rows.Span.Slice(((channel * Features) + feature) * _size, _size);
        return _size switch
        {
            1 => at[0],
            2 => MemoryMarshal.Read<ushort>(at),
            4 => MemoryMarshal.Read<int>(at),
            _ => MemoryMarshal.Read<long>(at),
        };
    }
}
