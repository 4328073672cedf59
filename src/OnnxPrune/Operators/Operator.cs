using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Operators;

/// <summary>What the program knows of one ONNX operator.</summary>
public abstract class Operator
{
    /// <summary>Says how channels flow through the node. Shapes of its values may be unknown; a rule that needs one blocks.</summary>
    /// <exception cref="BrokenModelException">Sizes contradict each other.</exception>
    public abstract void Flow(Node node, ChannelFlow flow);

    /// <summary>Adapts what besides constants' axes depends on channel counts: attributes, split sizes, targets, paddings.</summary>
    public virtual void Rewrite(Node node, ChannelCut cut)
    {
    }

    /// <summary>What the node multiplies; null for operators whose multiplications do not count as MACs.</summary>
    public virtual MacTerm? Macs(Node node, CostShapes shapes) => null;

    /// <summary>The statistics of the output's channels from those of the inputs'; null where they are not known.</summary>
    public virtual ChannelMoments? Moments(Node node, MomentsFlow flow) => null;
}
