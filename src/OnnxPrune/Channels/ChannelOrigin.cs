using OnnxPrune.Graphs;

namespace OnnxPrune.Channels;

/// <summary>
/// The begin of a channel: index <paramref name="Index"/> along axis <paramref name="Axis"/> of the first output of
/// <paramref name="Node"/>.
/// </summary>
internal readonly record struct ChannelOrigin(Node Node, int Axis, int Index);
