using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;
using OnnxPrune.Operators;
using OnnxPrune.Repair;

namespace OnnxPrune.Planning;

/// <summary>
/// Channels that provably contribute nothing but a constant: wherever they are summed over, they are constant and can be absorbed
/// exactly, or the weights that read them are zero.
/// </summary>
internal static class DeadChannels
{
    /// <summary>The members of a group that can go without changing any output.</summary>
    /// <param name="absorbs">Whether the readers' biases will take constants over.</param>
    public static IReadOnlyList<int> Of(ChannelGraph graph, ChannelGroup group, MomentsFlow moments, bool absorbs)
    {
        var dead = group.Channels.ToHashSet();
        foreach (var reader in group.Consumers)
        {
            if (dead.Count == 0)
            {
                break;
            }

            dead.ExceptWith(Alive(graph, reader, moments, dead, absorbs));
        }

        return [.. group.Channels.Where(dead.Contains)];
    }

    private static List<int> Alive(ChannelGraph graph, ChannelConsumer reader, MomentsFlow moments, HashSet<int> candidates, bool absorbs)
    {
        var channels = graph.Channels(reader.Value, reader.Axis)!;
        var known = moments.Of(reader.Value) is { } m && m.Axis == reader.Axis && m.Count == channels.Length ? m : null;
        var absorbsConstants = absorbs && MeanAbsorption.IsExact(reader.Node, graph.Constants);
        var unread = UnreadColumns(reader, graph.Constants, channels.Length);
        var alive = new List<int>();
        for (var i = 0; i < channels.Length; i++)
        {
            var isSilent = known?[i] is { IsConstant: true } constant && (constant.Mean == 0 || absorbsConstants);
            if (candidates.Contains(channels[i]) && !isSilent && unread?[i] != true)
            {
                alive.Add(channels[i]);
            }
        }

        return alive;
    }

    /// <summary>For a layer without groups, which of its input channels meet only zero weights.</summary>
    private static bool[]? UnreadColumns(ChannelConsumer reader, ConstantValues constants, int length)
    {
        var input = 1 - reader.Input;
        return WeightLayout.Of(reader.Node, input) is { Groups: 1, InputAxis: var axis }
            && constants[reader.Node.Input(input)] is { } weight && weight.ElementType.IsFloatingPoint() && weight.Dims[axis] == length
                ? WeightRows.AllZero(weight, axis)
                : null;
    }
}
