using OnnxPrune.Graphs;

namespace OnnxPrune.Channels;

/// <summary>Why channels must stay: the node at fault, where there is one, and the reason as a phrase.</summary>
internal sealed record BlockedReason(Node? Node, string Text)
{
    internal BlockedReason CopyTo(CopyMap copyOf) => this with { Node = Node is null ? null : copyOf[Node] };
}
