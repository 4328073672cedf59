using OnnxPrune.Graphs;
using OnnxPrune.Moments;

namespace OnnxPrune.Operators;

/// <summary>
/// Every operator that the program knows, in one place. Whatever is not listed blocks its channels with a reason.
/// </summary>
internal static class OperatorTable
{
    private static readonly Dictionary<string, Operator> s_rules = new()
    {
        // Layers with weights.
        ["Conv"] = new Conv(),
        ["ConvTranspose"] = new ConvTranspose(),
        ["Gemm"] = new Gemm(),
        ["MatMul"] = new MatMul(),
        ["Einsum"] = new Einsum(),
        ["BatchNormalization"] = new BatchNormalization(),
        ["InstanceNormalization"] = new InstanceNormalization(),
        ["GroupNormalization"] = new GroupNormalization(),
        ["LayerNormalization"] = new LayerNormalization(),
        ["RMSNormalization"] = new LayerNormalization(),

        // One output element from the one input element at its place.
        ["Relu"] = new Unary(x => Math.Max(x, 0)),
        ["LeakyRelu"] = new Unary((x, n) => x < 0 ? n.Float("alpha", 0.01f) * x : x),
        ["Elu"] = new Unary((x, n) => x < 0 ? n.Float("alpha", 1) * (Math.Exp(x) - 1) : x),
        ["Celu"] = new Unary((x, n) => Math.Max(0, x) + Math.Min(0, n.Float("alpha", 1) * (Math.Exp(x / n.Float("alpha", 1)) - 1))),
        ["Selu"] = new Unary((x, n) =>
            n.Float("gamma", 1.0507009873554805f) * (x > 0 ? x : n.Float("alpha", 1.6732632423543772f) * (Math.Exp(x) - 1))),
        ["ThresholdedRelu"] = new Unary((x, n) => x > n.Float("alpha", 1) ? x : 0),
        ["HardSigmoid"] = new Unary((x, n) => Math.Clamp((n.Float("alpha", 0.2f) * x) + n.Float("beta", 0.5f), 0, 1)),
        ["HardSwish"] = new Unary(x => x * Math.Clamp((x / 6) + 0.5, 0, 1)),
        ["Sigmoid"] = new Unary(x => 1 / (1 + Math.Exp(-x))),
        ["Tanh"] = new Unary(Math.Tanh),
        ["Softplus"] = new Unary(x => Math.Log(1 + Math.Exp(x))),
        ["Softsign"] = new Unary(x => x / (1 + Math.Abs(x))),
        ["Mish"] = new Unary(x => x * Math.Tanh(Math.Log(1 + Math.Exp(x)))),
        ["Swish"] = new Unary((x, n) => x / (1 + Math.Exp(-n.Float("alpha", 1) * x))),
        ["Gelu"] = new Unary(),
        ["Shrink"] = new Unary(),
        ["Erf"] = new Unary(),
        ["Abs"] = new Unary(Math.Abs),
        ["Neg"] = new Unary(x => -x),
        ["Exp"] = new Unary(Math.Exp),
        ["Log"] = new Unary(),
        ["Sqrt"] = new Unary(),
        ["Reciprocal"] = new Unary(),
        ["Ceil"] = new Unary(Math.Ceiling),
        ["Floor"] = new Unary(Math.Floor),
        ["Round"] = new Unary(Math.Round),
        ["Sign"] = new Unary(x => Math.Sign(x)),
        ["Sin"] = new Unary(),
        ["Cos"] = new Unary(),
        ["Tan"] = new Unary(),
        ["Asin"] = new Unary(),
        ["Acos"] = new Unary(),
        ["Atan"] = new Unary(),
        ["Sinh"] = new Unary(),
        ["Cosh"] = new Unary(),
        ["Asinh"] = new Unary(),
        ["Acosh"] = new Unary(),
        ["Atanh"] = new Unary(),
        ["Not"] = new Unary(),
        ["IsNaN"] = new Unary(),
        ["IsInf"] = new Unary(),
        ["Identity"] = new Unary(x => x),
        ["Cast"] = new Unary((x, n) =>
            ((ElementType)n.Int("to", 0))
                .IsFloatingPoint() ? x : n.Int("to", 0) == (long)ElementType.Bool ? x != 0 ? 1 : 0 : Math.Truncate(x)),
        ["Dropout"] = new Unary(x => x),
        ["Clip"] = new Clip(),
        ["QuantizeLinear"] = new Quantize(),
        ["DequantizeLinear"] = new Quantize(),

        // One output element from the elements at its place, with broadcasting.
        ["Add"] = new Broadcast((a, b) => a + b),
        ["Sub"] = new Broadcast((a, b) => a - b),
        ["Sum"] = new Broadcast((a, b) => a + b),
        ["Mul"] = new Broadcast(),
        ["Div"] = new Broadcast(),
        ["Pow"] = new Broadcast(),
        ["Max"] = new Broadcast(),
        ["Min"] = new Broadcast(),
        ["Mean"] = new Broadcast(),
        ["Mod"] = new Broadcast(),
        ["PRelu"] = new Broadcast(),
        ["Where"] = new Broadcast(),
        ["Equal"] = new Broadcast(),
        ["Greater"] = new Broadcast(),
        ["GreaterOrEqual"] = new Broadcast(),
        ["Less"] = new Broadcast(),
        ["LessOrEqual"] = new Broadcast(),
        ["And"] = new Broadcast(),
        ["Or"] = new Broadcast(),
        ["Xor"] = new Broadcast(),

        // Windows and sums over positions.
        ["MaxPool"] = new Pool(),
        ["AveragePool"] = new Pool(),
        ["LpPool"] = new Pool(),
        ["GlobalAveragePool"] = new Pool(),
        ["GlobalMaxPool"] = new Pool(),
        ["GlobalLpPool"] = new Pool(),
        ["ReduceMean"] = new Reduce(sums: false),
        ["ReduceMax"] = new Reduce(sums: false),
        ["ReduceMin"] = new Reduce(sums: false),
        ["ReduceProd"] = new Reduce(sums: false),
        ["ReduceLogSum"] = new Reduce(sums: false),
        ["ReduceLogSumExp"] = new Reduce(sums: false),
        ["ReduceSum"] = new Reduce(sums: true),
        ["ReduceSumSquare"] = new Reduce(sums: true),
        ["ReduceL1"] = new Reduce(sums: true),
        ["ReduceL2"] = new Reduce(sums: true),
        ["ArgMax"] = new ArgReduce(),
        ["ArgMin"] = new ArgReduce(),
        ["Softmax"] = new Softmax(),
        ["LogSoftmax"] = new Softmax(),
        ["Hardmax"] = new Softmax(),
        ["MeanVarianceNormalization"] = new MeanVarianceNormalization(),
        ["LpNormalization"] = new LpNormalization(),

        // The same elements in another arrangement.
        ["Concat"] = new Concat(),
        ["Split"] = new Split(),
        ["Slice"] = new Slice(),
        ["Gather"] = new Gather(),
        ["Pad"] = new Pad(),
        ["Flatten"] = new Flatten(),
        ["Reshape"] = new Reshape(),
        ["Transpose"] = new Transpose(),
        ["Squeeze"] = new Squeeze(),
        ["Unsqueeze"] = new Unsqueeze(),
        ["Resize"] = new Resize(),
        ["Upsample"] = new Resize(),
        ["Expand"] = new Expand(),
        ["Tile"] = new Tile(),
        ["ConstantOfShape"] = new ConstantOfShape(),
        ["RoiAlign"] = new SampleAt(),
        ["GridSample"] = new SampleAt(),
        ["DepthToSpace"] = new DepthToSpace(),
        ["SpaceToDepth"] = new SpaceToDepth(),
        ["Shape"] = new AxisLengths(),
        ["Size"] = new AxisLengths(),
    };

    /// <summary>The operators that have a rule, by name; all of ONNX's own domain.</summary>
    public static IReadOnlyDictionary<string, Operator> Rules => s_rules;

    /// <summary>The node's operator; null when the program has no rule for it.</summary>
    public static Operator? Find(Node node) => node.Domain.Length == 0 ? s_rules.GetValueOrDefault(node.OpType) : null;

    /// <summary>The moments of the node's first output; null where nothing is known of them.</summary>
    internal static ChannelMoments? Moments(Node node, MomentsFlow flow) => Find(node)?.Moments(node, flow);

    /// <summary>True if the node calls a function of the model under the name of one of the runtime's own operators.</summary>
    internal static bool IsFunctionCall(Node node) => node.Domain == Node.AmbiguousDomain;

    /// <summary>Why a node without a rule blocks, as a phrase.</summary>
    public static string WhyUnknown(Node node, Model model) => node switch
    {
        { Domain: Node.AmbiguousDomain } =>
            "has the name of an operator and of a function of the model, of which the runtime runs the one that it prefers",
        _ when model.Functions.Contains((node.Domain, node.OpType)) => "calls a function of the model that could not be inlined",
        { Captures.Count: > 0 } => "has subgraphs, which are not looked into",
        { Domain.Length: > 0 } => $"is an operator of the domain '{node.Domain}', for which there is no rule",
        _ => "has no rule for its channels",
    };
}
