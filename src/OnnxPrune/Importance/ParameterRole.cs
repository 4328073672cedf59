using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Importance;

/// <summary>What an axis of a constant does for the channels on it.</summary>
public enum ParameterRole
{
    /// <summary>Its indices make the channels: the rows of a layer's weight.</summary>
    Produces,

    /// <summary>Its indices read them: the columns of the next layer's weight.</summary>
    Reads,

    /// <summary>It scales them: BatchNormalization's scale.</summary>
    Scales,

    /// <summary>Shifts, biases, statistics and the rest.</summary>
    Other,
}

public static class ParameterRoles
{
    /// <summary>The role of an axis in the first node that reads the constant as a parameter.</summary>
    public static ParameterRole Of(ValueAxis axis) => axis.Value.Uses.Select(u => Of(u, axis.Axis)).DefaultIfEmpty(ParameterRole.Other).Min();

    private static ParameterRole Of(Use use, int axis) => (use.Node.OpType, use.Index) switch
    {
        ("Conv", 1) => axis == 0 ? ParameterRole.Produces : ParameterRole.Reads,
        ("ConvTranspose", 1) => axis == 1 ? ParameterRole.Produces : ParameterRole.Reads,
        ("Gemm", 1) => (axis == 0) == (use.Node.Int("transB", 0) != 0) ? ParameterRole.Produces : ParameterRole.Reads,
        ("MatMul", 1) => axis == 1 ? ParameterRole.Produces : ParameterRole.Reads,
        ("MatMul", 0) => axis == 0 ? ParameterRole.Produces : ParameterRole.Reads,
        ("BatchNormalization", 1) => ParameterRole.Scales,
        _ => ParameterRole.Other,
    };
}
