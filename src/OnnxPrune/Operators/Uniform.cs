using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>Channels of values whose elements are all alike along an axis, so that any number of indices can leave.</summary>
internal static class Uniform
{
    /// <summary>
    /// The channels along such an axis, of the length that a node is told: those whose number that is, or else channels of their own; null
    /// for neither.
    /// </summary>
    /// <param name="isChannelAxis">Whether channels of their own are of any use there.</param>
    public static int[]? Along(Node node, ChannelFlow flow, DimTerm length, int axis, bool isChannelAxis) => length switch
    {
        { IsPlain: true, Sources: [var source] } when flow.Channels(source.Value, source.Axis) is { Length: > 1 } channels => channels,
        { Known: > 1 and <= int.MaxValue and var count } when isChannelAxis => flow.Fresh(node, (int)count, axis),
        _ => null,
    };
}
