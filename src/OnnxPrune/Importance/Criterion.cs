using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Importance;

/// <summary>Ranks channels by what they matter: the least important ones of a group go first.</summary>
internal abstract class Criterion
{
    /// <summary>The name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// A non-negative score per channel of the group, in its order; null when the criterion says nothing about this group (no
    /// BatchNormalization scales its channels, say).
    /// </summary>
    public abstract double[]? Score(ChannelGraph graph, ChannelGroup group);

    /// <summary>
    /// Scores of one layer spread over the group's channels: where several indices of the axis belong to one channel,
    /// <paramref name="combine"/> joins them.
    /// </summary>
    protected static double[] ByChannel(
        ChannelGraph graph, ChannelGroup group, ValueAxis axis, double[] scores, Func<double, double, double> combine)
    {
        var place = new Dictionary<int, int>(group.Channels.Count);
        for (var i = 0; i < group.Channels.Count; i++)
        {
            place.Add(group.Channels[i], i);
        }

        var result = new double[group.Channels.Count];
        var channels = graph.Channels(axis)!;
        for (var i = 0; i < channels.Length; i++)
        {
            if (place.TryGetValue(channels[i], out var at))
            {
                result[at] = combine(result[at], scores[i]);
            }
        }

        return result;
    }

    /// <summary>The group's axes that play a role, on constants of real numbers.</summary>
    protected static IEnumerable<ValueAxis> Axes(ChannelGraph graph, ChannelGroup group, ParameterRole role) => group.Axes
        .Select(a => a.Axis)
        .Where(a => ParameterRoles.Of(a) == role && graph.Constants[a.Value] is { ElementType: var type } && type.IsFloatingPoint());
}
