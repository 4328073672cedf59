using OnnxPrune.Graphs;

namespace OnnxPrune.Channels;

/// <summary>A place where a node sums over channels: axis <paramref name="Axis"/> of input <paramref name="Input"/>.</summary>
public readonly record struct ChannelConsumer(Node Node, int Input, int Axis)
{
    public Value Value => Node.Required(Input);
}
