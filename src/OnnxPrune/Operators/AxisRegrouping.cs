using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Axes [InStart, InEnd) of an input that hold the same elements, in the same order, as axes [OutStart, OutEnd) of an output.
/// </summary>
internal readonly record struct AxisBlock(int InStart, int InEnd, int OutStart, int OutEnd);

/// <summary>
/// Channel flow where row-major elements are only regrouped into other axes (Reshape, Flatten). Merged axes repeat each
/// channel's id; where an axis is split, one of the new axes gets the channels and those that meet on one of its indices are coupled:
/// the k-th channels of all groups for [C] → [groups, C/groups].
/// </summary>
internal static class AxisRegrouping
{
    // The ids of a flattened feature map are written out one by one; none that occurs comes near this.
    private const long MostElements = 1 << 24;

    /// <summary>
    /// Splits two shapes of the same elements into blocks that correspond, the smallest that can be told where sizes are unknown.
    /// </summary>
    public static List<AxisBlock> Blocks(IReadOnlyList<Dim> from, IReadOnlyList<Dim> to)
    {
        var (front, back) = (0, 0);
        while (front < from.Count && front < to.Count && from[front].SurelyEquals(to[front]))
        {
            front++;
        }

        while (back < from.Count - front && back < to.Count - front && from[^(back + 1)].SurelyEquals(to[^(back + 1)]))
        {
            back++;
        }

        var blocks = Enumerable.Range(0, front).Select(i => new AxisBlock(i, i + 1, i, i + 1)).ToList();
        blocks.AddRange(Middle(from, to, front, from.Count - back, to.Count - back));
        for (var i = back; i > 0; i--)
        {
            blocks.Add(new AxisBlock(from.Count - i, from.Count - i + 1, to.Count - i, to.Count - i + 1));
        }

        return blocks;
    }

    public static void Flow(Node node, ChannelFlow flow, Value x, IEnumerable<AxisBlock> blocks, IReadOnlyList<Dim> to)
    {
        foreach (var block in blocks)
        {
            FlowBlock(node, flow, x, block, to);
        }
    }

    private static void FlowBlock(Node node, ChannelFlow flow, Value x, AxisBlock block, IReadOnlyList<Dim> to)
    {
        var carriers = Enumerable.Range(block.InStart, block.InEnd - block.InStart).Where(a => flow.Channels(x, a) is not null).ToArray();
        if (carriers.Length == 0)
        {
            return;
        }

        // An axis of a single channel changes no order; it would leave nothing behind.
        var many = Array.FindAll(carriers, axis => flow.Channels(x, axis)!.Length != 1);
        if (carriers.Length > 1 && many.Length == 1)
        {
            foreach (var axis in carriers.Except(many))
            {
                flow.Pin(node, x, axis, "merges this one channel with others");
            }

            carriers = many;
        }

        var channels = flow.Channels(x, carriers[0])!;
        if (carriers.Length > 1
            || !(FlowFlat(node, flow, x, block, to, carriers[0], channels) || FlowFirst(node, flow, x, block, to, carriers[0], channels)))
        {
            foreach (var axis in carriers)
            {
                flow.Pin(node, x, axis, "regroups them in a way that cannot be followed");
            }
        }
    }

    /// <summary>Lists the channel of every element of the block; false where there are too many, or the sizes do not tell.</summary>
    private static bool FlowFlat(Node node, ChannelFlow flow, Value x, AxisBlock block, IReadOnlyList<Dim> to, int carrier, int[] channels)
    {
        var shape = x.Shape!;
        var outs = block.OutEnd - block.OutStart;
        var outSizes = Enumerable.Range(block.OutStart, outs).Select(a => to[a].Size).ToArray();
        var total = Product(shape, block.InStart, block.InEnd) ?? outSizes.Aggregate((long?)1, (p, size) => p * size);
        if (outs == 0 || total is null or < 1 or > MostElements || (outs > 1 && outSizes.Contains(null))
            || Product(shape, block.InStart, carrier) is not { } outer || channels.Length == 0 || total % (outer * channels.Length) != 0)
        {
            return false;
        }

        var inner = total.Value / (outer * channels.Length);
        if (total == channels.Length && outs == 1)
        {
            flow.Set(node.Output, block.OutStart, channels); // Only axes of length 1 were merged into it.
            return true;
        }

        var flat = new int[total.Value];
        for (var p = 0; p < flat.Length; p++)
        {
            flat[p] = channels[p / inner % channels.Length];
        }

        if (outs == 1)
        {
            flow.Set(node.Output, block.OutStart, flat);
            return true;
        }

        var sizes = Array.ConvertAll(outSizes, size => size!.Value);
        if (sizes.Aggregate(1L, (p, size) => p * size) != total)
        {
            return false;
        }

        SplitUp(node, flow, flat, block, sizes);
        return true;
    }

    /// <summary>
    /// Channels on the first axis of the block, whatever the sizes behind it: [C, ?] → [G, ?] makes each of G out of C/G neighbours, which
    /// are tied, or, where G is larger, G/C of every channel.
    /// </summary>
    private static bool FlowFirst(Node node, ChannelFlow flow, Value x, AxisBlock block, IReadOnlyList<Dim> to, int carrier, int[] channels)
    {
        var first = Enumerable.Range(block.OutStart, block.OutEnd - block.OutStart).Where(a => to[a].Size != 1).Append(-1).First();
        if (first < 0
            || Product(x.Shape!, block.InStart, carrier) != 1
            || to[first].Size is not (> 0 and <= MostElements and var count)
            || channels.Length == 0)
        {
            return false;
        }

        if (channels.Length % count == 0)
        {
            var tied = (int)(channels.Length / count);
            for (var i = 0; i < channels.Length; i++)
            {
                flow.Couple(channels[i / tied * tied], channels[i]);
            }

            flow.Set(node.Output, first, [.. channels.Where((_, i) => i % tied == 0)]);
            return true;
        }

        if (count % channels.Length == 0)
        {
            flow.Set(node.Output, first, [.. Enumerable.Range(0, (int)count).Select(i => channels[i / (count / channels.Length)])]);
            return true;
        }

        return false;
    }

    private static long? Product(Shape shape, int start, int end) =>
        Enumerable.Range(start, end - start).Aggregate((long?)1, (p, axis) => p * shape[axis].Size);

    private static void SplitUp(Node node, ChannelFlow flow, int[] flat, AxisBlock block, long[] sizes)
    {
        // An axis along which the ids already agree needs no coupling; otherwise the longest keeps the most freedom, unless statistics are
        // taken along it.
        var axes = Enumerable.Range(0, sizes.Length).Where(a => sizes[a] > 1).ToArray();
        var chosen = axes.Where(a => IsClean(flat, sizes, a))
            .Concat(axes
                .Where(a => !Statistics.AreTakenAlong(node.Output, block.OutStart + a, flow.Terms))
                .OrderByDescending(a => sizes[a]))
            .Append(Array.IndexOf(sizes, sizes.Max()))
            .First();
        var inner = sizes.Skip(chosen + 1).Aggregate(1L, (a, b) => a * b);
        var first = new int[sizes[chosen]];
        Array.Fill(first, -1);
        for (var p = 0; p < flat.Length; p++)
        {
            var at = p / inner % sizes[chosen];
            if (first[at] < 0)
            {
                first[at] = flat[p];
            }
            else
            {
                flow.Couple(first[at], flat[p]);
            }
        }

        flow.Set(node.Output, block.OutStart + chosen, first);
    }

    private static bool IsClean(int[] flat, long[] sizes, int axis)
    {
        var inner = sizes.Skip(axis + 1).Aggregate(1L, (a, b) => a * b);
        var first = new int[sizes[axis]];
        Array.Fill(first, -1);
        for (var p = 0; p < flat.Length; p++)
        {
            var at = p / inner % sizes[axis];
            if (first[at] >= 0 && first[at] != flat[p])
            {
                return false;
            }

            first[at] = flat[p];
        }

        return true;
    }

    /// <summary>Blocks of the axes between those that were matched from both ends.</summary>
    private static List<AxisBlock> Middle(IReadOnlyList<Dim> from, IReadOnlyList<Dim> to, int start, int inEnd, int outEnd)
    {
        var blocks = new List<AxisBlock>();
        var (i, j) = (start, start);
        while (i < inEnd || j < outEnd)
        {
            var (iStart, jStart) = (i, j);
            long left = 1, right = 1;
            // Unknown sizes match each other when they stand at the same place between equal products.
            if (i < inEnd && j < outEnd && !from[i].IsKnown && !to[j].IsKnown)
            {
                if (!RestMatches(from, to, i + 1, inEnd, j + 1, outEnd))
                {
                    return [.. blocks, new AxisBlock(iStart, inEnd, jStart, outEnd)];
                }

                blocks.Add(new AxisBlock(i, i + 1, j, j + 1));
                i++;
                j++;
                continue;
            }

            do
            {
                if (i >= inEnd && j >= outEnd)
                {
                    // The two hold different numbers of elements: nothing is known of what lies where.
                    return [.. blocks, new AxisBlock(iStart, inEnd, jStart, outEnd)];
                }

                var takesLeft = j >= outEnd || (i < inEnd && left <= right);
                var dim = takesLeft ? from[i++] : to[j++];
                if (dim.Size is not { } size || size == 0)
                {
                    // Whatever is left holds the same elements on both sides.
                    return [.. blocks, new AxisBlock(iStart, inEnd, jStart, outEnd)];
                }

                if (takesLeft)
                {
                    left *= size;
                }
                else
                {
                    right *= size;
                }
            }
            while (left != right || (i == iStart && j < outEnd) || (j == jStart && i < inEnd));

            // Axes of length 1 that follow belong to the block as well, so that no block is empty on one side.
            while (i < inEnd && from[i].Size == 1 && (j >= outEnd || to[j].Size != 1))
            {
                i++;
            }

            while (j < outEnd && to[j].Size == 1 && (i >= inEnd || from[i].Size != 1))
            {
                j++;
            }

            blocks.Add(new AxisBlock(iStart, i, jStart, j));
        }

        return blocks;
    }

    private static bool RestMatches(IReadOnlyList<Dim> from, IReadOnlyList<Dim> to, int i, int inEnd, int j, int outEnd)
    {
        var left = Enumerable.Range(i, inEnd - i).Aggregate((long?)1, (p, a) => p * from[a].Size);
        var right = Enumerable.Range(j, outEnd - j).Aggregate((long?)1, (p, a) => p * to[a].Size);
        return left is not null && left == right;
    }
}
