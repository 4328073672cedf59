using OnnxPrune.Graphs;

namespace OnnxPrune.Torch.Modules;

/// <summary>The effect of training on a constant that a node reads.</summary>
internal enum WeightRole
{
    /// <summary>It stays: the numbers that an exporter wrote into the graph, such as an image's mean.</summary>
    Fixed,

    /// <summary>Gradients change it.</summary>
    Learned,

    /// <summary>BatchNormalization itself follows the data with it.</summary>
    RunningStatistic,
}

internal static class WeightRoles
{
    public static WeightRole Of(Node node, int input) => (node.OpType, input) switch
    {
        ("BatchNormalization", 3 or 4) => WeightRole.RunningStatistic,
        ("BatchNormalization", 1 or 2) => WeightRole.Learned,
        ("Conv" or "Gemm", >= 1) => WeightRole.Learned,
        ("MatMul", _) => WeightRole.Learned,
        ("PRelu", 1) => WeightRole.Learned,
        // A bias that the exporter wrote as an addition of its own.
        ("Add", _) when node.Inputs.Any(i => i?.Producer?.OpType is "MatMul" or "Conv" or "Gemm") => WeightRole.Learned,
        _ => WeightRole.Fixed,
    };
}
