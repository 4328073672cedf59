using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// The axes of a layer's weight: W [M, C/group, k...] of a Conv, [C, M/group, k...] of a ConvTranspose, [K, N] or [N, K] of a Gemm, [K, N]
/// or [M, K] of a MatMul. Whatever asks for outputs or inputs of a weight asks here.
/// </summary>
/// <param name="OutputAxis">One index per output channel; of one group only, in a ConvTranspose.</param>
/// <param name="InputAxis">One index per input channel that is summed over; of one group only, in a Conv.</param>
/// <param name="Groups">Parts of the channels that do not mix.</param>
internal readonly record struct WeightLayout(int OutputAxis, int InputAxis, long Groups = 1)
{
    /// <summary>
    /// The layout of a node's input, read as its weight; null where the operator multiplies nothing by it, or is unknown.
    /// </summary>
    public static WeightLayout? Of(Node node, int input = 1) => OperatorTable.Find(node)?.Weight(node, input);

    /// <summary>True if the node is a layer that multiplies by a weight at its second input.</summary>
    public static bool IsLayer(Node node) => Of(node) is not null;

    /// <summary>The length of the output axis.</summary>
    public int Outputs(Tensor weight) => checked((int)weight.Dims[OutputAxis]);

    /// <summary>The length of the input axis.</summary>
    public int Inputs(Tensor weight) => checked((int)weight.Dims[InputAxis]);

    /// <summary>Weights that meet in one output: inputs of its group times the elements of the window.</summary>
    public long FanIn(Tensor weight) => weight.Count / weight.Dims[OutputAxis];
}
