using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Channels;

/// <summary>
/// Coupled channels that lie on exactly the same axes: the inner channels of one block, the stream of a whole stage. Each member
/// can be cut by itself, and takes its index with it on every axis of the group.
/// </summary>
/// <param name="Name">The first layer that makes the channels.</param>
/// <param name="Channels">The members, by their number in the <see cref="ChannelGraph"/>, in the order in which the first layer makes
/// them.</param>
/// <param name="Producers">The layers that make the channels.</param>
/// <param name="Consumers">The places that sum over them.</param>
public sealed record ChannelGroup(
    string Name,
    IReadOnlyList<int> Channels,
    IReadOnlyList<Node> Producers,
    IReadOnlyList<ChannelConsumer> Consumers)
{
    /// <summary>The axes of constants that shrink with the group, and how many indices of each belong to one member.</summary>
    internal IReadOnlyList<GroupAxis> Axes { get; init; } = [];

    internal ChannelGroup CopyTo(CopyMap copyOf) => this with
    {
        Axes = [.. Axes.Select(a => a with { Axis = a.Axis.CopyTo(copyOf) })],
        Producers = [.. Producers.Select(p => copyOf[p])],
        Consumers = [.. Consumers.Select(r => r with { Node = copyOf[r.Node] })],
    };

    public override string ToString() => $"{Name} ({Channels.Count} channels)";
}

/// <summary>An axis of a constant that carries a group; <paramref name="Multiplicity"/> indices belong to each of its channels.</summary>
internal readonly record struct GroupAxis(ValueAxis Axis, int Multiplicity);

/// <summary>Channels that stay, all for the same reason.</summary>
/// <param name="Reason">As a phrase, with the node at fault where there is one.</param>
/// <param name="Count">The number that the layers make; coupled ones count in every layer.</param>
/// <param name="Producers">The layers that make them.</param>
public sealed record BlockedChannels(string Reason, int Count, IReadOnlyList<Node> Producers)
{
    internal BlockedChannels CopyTo(CopyMap copyOf) => this with { Producers = [.. Producers.Select(p => copyOf[p])] };
}
