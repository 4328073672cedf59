using OnnxPrune.Graphs;

namespace OnnxPrune.Repair;

/// <summary>
/// A part of a network with several layers and with one value in and one value out, so that its layers can be fitted together without
/// running anything else: a residual block with its shortcut, two layers of a chain, the bottleneck of a dense block.
/// </summary>
/// <param name="Input">The only computed value that the region reads.</param>
/// <param name="Output">The only value of the region that anything else reads.</param>
/// <param name="Nodes">In topological order.</param>
/// <param name="Layers">The nodes with weights.</param>
internal sealed record Region(Value Input, Value Output, IReadOnlyList<Node> Nodes, IReadOnlyList<Node> Layers);
