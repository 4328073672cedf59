using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Importance;

/// <summary>The role of a constant's axis for the channels on it.</summary>
internal enum ParameterRole
{
    /// <summary>Its indices make the channels: the rows of a layer's weight.</summary>
    Produces,

    /// <summary>Its indices sum over them: the columns of the next layer's weight.</summary>
    Consumes,

    /// <summary>It scales them: BatchNormalization's scale.</summary>
    Scales,

    /// <summary>Shifts, biases, statistics and the rest.</summary>
    Other,
}

internal static class ParameterRoles
{
    /// <summary>The role of an axis in the first node that reads the constant as a parameter.</summary>
    public static ParameterRole Of(ValueAxis axis) =>
        axis.Value.Uses.Select(u => Of(u, axis.Axis)).DefaultIfEmpty(ParameterRole.Other).Min();

    private static ParameterRole Of(Use use, int axis) =>
        use is { Index: 1, Node: { OpType: "BatchNormalization", Domain: "" } } ? ParameterRole.Scales
        : WeightLayout.Of(use.Node, use.Index) is { } weight ? axis == weight.OutputAxis ? ParameterRole.Produces : ParameterRole.Consumes
        : ParameterRole.Other;
}
