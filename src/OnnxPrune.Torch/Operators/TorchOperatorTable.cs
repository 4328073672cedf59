using OnnxPrune.Graphs;
using static TorchSharp.torch.nn;

namespace OnnxPrune.Torch.Operators;

/// <summary>Every operator that can be trained through, in one place.</summary>
internal static class TorchOperatorTable
{
    private static readonly Dictionary<string, TorchOperator> s_rules = new()
    {
        // Layers with weights.
        ["Conv"] = new(Convolutions.Conv),
        ["Gemm"] = new(MatrixProducts.Gemm),
        ["MatMul"] = new(MatrixProducts.MatMul),
        ["BatchNormalization"] = new(Normalizations.Batch),

        // One element from the one element at its place.
        ["Relu"] = new(c => functional.relu(c.Input(0))),
        ["LeakyRelu"] = new(c => c.Input(0).LeakyRelu(c.Node.Float("alpha", 0.01f))),
        ["Elu"] = new(c => c.Input(0).Elu(c.Node.Float("alpha", 1))),
        ["HardSwish"] = new(c => functional.hardswish(c.Input(0))),
        ["HardSigmoid"] = new(Activations.HardSigmoid),
        ["Softplus"] = new(Activations.Softplus),
        ["Sigmoid"] = new(c => c.Input(0).sigmoid()),
        ["Tanh"] = new(c => c.Input(0).tanh()),
        ["PRelu"] = new(Activations.PRelu),
        ["Clip"] = new(Activations.Clip, Tensors: 1),
        ["Abs"] = new(c => c.Input(0).abs()),
        ["Neg"] = new(c => c.Input(0).neg()),
        ["Exp"] = new(c => c.Input(0).exp()),
        ["Log"] = new(c => c.Input(0).log()),
        ["Sqrt"] = new(c => c.Input(0).sqrt()),
        ["Erf"] = new(c => c.Input(0).erf()),
        ["Identity"] = new(c => c.Input(0).alias()),
        ["Dropout"] = new(c => c.Input(0).alias(), Tensors: 1),

        // One element from the elements at its place, with broadcasting.
        ["Add"] = new(c => c.Input(0).Plus(c.Input(1))),
        ["Sub"] = new(c => c.Input(0).sub(c.Input(1))),
        ["Mul"] = new(c => c.Input(0).mul(c.Input(1))),
        ["Div"] = new(c => c.Input(0) / c.Input(1)),
        ["Pow"] = new(c => c.Input(0).pow(c.Input(1))),
        ["Sum"] = new(c => Arithmetic.Fold(c, (a, b) => a.Plus(b))),
        ["Max"] = new(c => Arithmetic.Fold(c, TorchSharp.torch.maximum)),
        ["Min"] = new(c => Arithmetic.Fold(c, TorchSharp.torch.minimum)),
        ["Mean"] = new(c => Arithmetic.Fold(c, (a, b) => a.Plus(b)).Times(1.0 / c.Node.Inputs.Count)),

        // Windows and sums over positions.
        ["MaxPool"] = new(Pools.Max),
        ["AveragePool"] = new(Pools.Average),
        ["GlobalAveragePool"] = new(Pools.GlobalAverage),
        ["GlobalMaxPool"] = new(Pools.GlobalMax),
        ["ReduceMean"] = new(Reductions.Mean, Tensors: 1),
        ["ReduceSum"] = new(Reductions.Sum, Tensors: 1),
        ["ReduceMax"] = new(Reductions.Max, Tensors: 1),
        ["Softmax"] = new(c => functional.softmax(c.Input(0), Softmaxes.Axis(c))),
        ["LogSoftmax"] = new(c => functional.log_softmax(c.Input(0), Softmaxes.Axis(c))),

        // The same elements in another arrangement.
        ["Concat"] = new(ShapeOperators.Concat),
        ["Split"] = new(ShapeOperators.Split, Tensors: 1),
        ["Slice"] = new(ShapeOperators.Slice, Tensors: 1),
        ["Pad"] = new(ShapeOperators.Pad, Tensors: 1),
        ["Transpose"] = new(ShapeOperators.Transpose),
        ["Flatten"] = new(ShapeOperators.Reshape, Tensors: 1),
        ["Reshape"] = new(ShapeOperators.Reshape, Tensors: 1),
        ["Squeeze"] = new(ShapeOperators.Reshape, Tensors: 1),
        ["Unsqueeze"] = new(ShapeOperators.Reshape, Tensors: 1),
    };

    public static IReadOnlyDictionary<string, TorchOperator> Rules => s_rules;

    /// <exception cref="UnsupportedModelException">The operator cannot be trained through.</exception>
    public static TorchOperator Of(Node node) => node.Domain.Length == 0 && s_rules.TryGetValue(node.OpType, out var rule)
        ? rule
        : throw new UnsupportedModelException(
            $"{node} cannot be trained: there is no rule for {(node.Domain.Length > 0 ? $"{node.Domain}." : "")}{node.OpType}; pruning "
                + "with --calib needs none.");
}
