using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Channels;

/// <summary>Sorts channels into groups: two channels are of one group when they lie, equally often, on the same axes.</summary>
internal static class ChannelGrouping
{
    public static IReadOnlyList<ChannelGroup> Of(ChannelGraph graph, IReadOnlyDictionary<ValueAxis, int[]> axes, IEnumerable<int[]> lists)
    {
        // A channel's signature is the sum over its places of a number that stands for the list it lies on. Sums of 64-bit hashes
        // stand for multisets: equal ones are surely equal, and different ones collide with a probability near 2^-64.
        var signatures = new ulong[graph.Count];
        var list = 0UL;
        foreach (var channels in lists)
        {
            var hash = Mix(++list);
            foreach (var channel in channels)
            {
                signatures[channel] += hash;
            }
        }

        var members = Enumerable.Range(0, graph.Count)
            .Where(c => graph.WhyPinned(c) is null)
            .GroupBy(c => signatures[c])
            .Select(g => g.ToArray())
            .ToArray();
        var groupOf = new int[graph.Count];
        Array.Fill(groupOf, -1);
        for (var g = 0; g < members.Length; g++)
        {
            foreach (var channel in members[g])
            {
                groupOf[channel] = g;
            }
        }

        var groupAxes = members.Select(_ => new List<GroupAxis>()).ToArray();
        foreach (var parameter in graph.Parameters)
        {
            for (var axis = 0; axis < (parameter.Shape?.Rank ?? graph.Constants[parameter]?.Rank ?? 0); axis++)
            {
                var at = new ValueAxis(parameter, axis);
                if (axes.TryGetValue(at, out var channels))
                {
                    foreach (var (g, count) in CountGroups(channels, groupOf))
                    {
                        groupAxes[g].Add(new GroupAxis(at, count / members[g].Length));
                    }
                }
            }
        }

        var readers = members.Select(_ => new List<Reader>()).ToArray();
        foreach (var reader in graph.Readers)
        {
            foreach (var (g, _) in CountGroups(axes[new ValueAxis(reader.Value, reader.Axis)], groupOf))
            {
                readers[g].Add(reader);
            }
        }

        var producers = Producers(graph, groupOf, members.Length);
        return [.. members.Select((m, g) => new ChannelGroup(graph.Origin(m[0]).Node.Label, m, groupAxes[g], producers[g], readers[g]))];
    }

    private static List<Node>[] Producers(ChannelGraph graph, int[] groupOf, int count)
    {
        var producers = Enumerable.Range(0, count).Select(_ => new List<Node>()).ToArray();
        foreach (var node in graph.Model.Graph.TopologicalOrder())
        {
            for (var axis = 0; axis < (node.Outputs.Count > 0 ? node.Outputs[0]?.Shape?.Rank ?? 0 : 0); axis++)
            {
                foreach (var g in (graph.MadeBy(node, axis) ?? []).Select(c => groupOf[c]).Where(g => g >= 0).Distinct())
                {
                    producers[g].Add(node);
                }
            }
        }

        return producers;
    }

    private static Dictionary<int, int> CountGroups(int[] channels, int[] groupOf)
    {
        var counts = new Dictionary<int, int>();
        foreach (var channel in channels)
        {
            if (groupOf[channel] >= 0)
            {
                counts[groupOf[channel]] = counts.GetValueOrDefault(groupOf[channel]) + 1;
            }
        }

        return counts;
    }

    // SplitMix64, Steele, Lea and Flood 2014.
    private static ulong Mix(ulong x)
    {
        x *= 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return x ^ (x >> 31);
    }
}
