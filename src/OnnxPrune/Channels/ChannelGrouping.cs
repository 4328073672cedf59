using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Channels;

/// <summary>Sorts channels into groups: two channels are of one group when they lie, equally often, on the same axes.</summary>
internal static class ChannelGrouping
{
    internal static IReadOnlyList<ChannelGroup> Of(ChannelGraph graph, IReadOnlyDictionary<ValueAxis, int[]> axes, IEnumerable<int[]> lists)
    {
        var classOf = Classes(graph.Count, lists);
        var members = Enumerable.Range(0, graph.Count)
            .Where(c => graph.WhyPinned(c) is null)
            .GroupBy(c => classOf[c])
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

        var consumers = members.Select(_ => new List<ChannelConsumer>()).ToArray();
        foreach (var consumer in graph.Consumers)
        {
            foreach (var (g, _) in CountGroups(axes[new ValueAxis(consumer.Value, consumer.Axis)], groupOf))
            {
                consumers[g].Add(consumer);
            }
        }

        var producers = Producers(graph, groupOf, members.Length);
        return
        [
            .. members.Select((m, g) =>
                new ChannelGroup(graph.Origin(m[0]).Node.Label, m, producers[g], consumers[g]) { Axes = groupAxes[g] }),
        ];
    }

    /// <summary>
    /// The coarsest partition of the channels in which every list has each channel of a class equally often. It begins with one class, and
    /// each list splits those that it touches by the number of times that it has them: a step for every index of every list.
    /// </summary>
    public static int[] Classes(int channels, IEnumerable<int[]> lists)
    {
        var classOf = new int[channels];
        var next = 1;
        foreach (var list in lists)
        {
            var times = new Dictionary<int, int>();
            foreach (var channel in list)
            {
                times[channel] = times.GetValueOrDefault(channel) + 1;
            }

            var parts = new Dictionary<(int Class, int Times), int>();
            foreach (var (channel, count) in times)
            {
                var part = (classOf[channel], count);
                if (!parts.TryGetValue(part, out var made))
                {
                    parts.Add(part, made = next++);
                }

                classOf[channel] = made;
            }
        }

        return classOf;
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
}
