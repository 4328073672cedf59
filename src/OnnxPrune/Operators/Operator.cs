using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Operators;

/// <summary>The rules of one ONNX operator.</summary>
internal abstract class Operator
{
    /// <summary>Says how channels flow through the node. Shapes of its values may be unknown; a rule that needs one blocks.</summary>
    /// <exception cref="BrokenModelException">Sizes contradict each other.</exception>
    public abstract void Flow(Node node, ChannelFlow flow);

    /// <summary>
    /// The dimensions of an output as far as those of the inputs tell; null where not even their number is known. An open dimension is the
    /// input's own where it stays the same, and <see cref="Dim.Unknown"/> otherwise.
    /// </summary>
    public virtual IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) => null;

    /// <summary>The lengths that axes of the inputs must have, because a weight says so.</summary>
    public virtual IEnumerable<(ValueAxis Axis, long Length)> Wants(Node node, ShapeTerms terms) => [];

    /// <summary>For an output that has its input's shape: the lengths that readers want of it.</summary>
    protected static IEnumerable<(ValueAxis Axis, long Length)> LengthsBehind(Node node, ShapeTerms terms) =>
        terms.ShapeOf(node.Output) is { } y
        ? Enumerable.Range(0, y.Rank)
            .Where(axis => y[axis].IsKnown)
            .Select(axis => (new ValueAxis(node.Required(0), axis), y[axis].Size!.Value))
        : [];

    /// <summary>Adapts what besides constants' axes depends on channel counts: attributes, split sizes, targets, paddings.</summary>
    public virtual void Rewrite(Node node, ChannelCut cut)
    {
    }

    /// <summary>
    /// The axes of one of the node's inputs, read as the layer's weight; null where the operator multiplies nothing by that input.
    /// </summary>
    internal virtual WeightLayout? Weight(Node node, int input) => null;

    /// <summary>The node's multiply-accumulates; null for operators whose multiplications do not count as MACs.</summary>
    public virtual MacTerm? Macs(Node node, CostShapes shapes) => null;

    /// <summary>The statistics of the output's channels from those of the inputs'; null where they are not known.</summary>
    public virtual ChannelMoments? Moments(Node node, MomentsFlow flow) => null;
}
