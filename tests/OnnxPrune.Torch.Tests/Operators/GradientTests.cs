using OnnxPrune.Serialization;
using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Torch.Tests.Operators;

/// <summary>
/// The gradients of every operator against finite differences, in double precision: for its input and for all its weights.
/// </summary>
public sealed class GradientTests
{
    private const double Step = 1e-6;
    private const double Tolerance = 1e-5;

    private static readonly Dictionary<string, Action<TestGraph>> s_samples = new()
    {
        ["Conv"] = g => g.Output(g.Conv(g.Input(4, 5, 5), 6, kernel: 3, stride: 2, group: 2)),
        ["Gemm"] = g => g.Output(g.Linear(g.Flatten(g.Input(3, 2, 2), 4), 5)),
        ["MatMul"] = g => g.Output(g.Binary("MatMul", g.Flatten(g.Input(3, 2, 2), 4), g.Weight(12, 4))),
        ["BatchNormalization"] = g => g.Output(g.BatchNorm(g.Conv(g.Input(3, 4, 4), 4))),
        ["Relu"] = Unary("Relu"),
        ["LeakyRelu"] = Unary("LeakyRelu", ("alpha", 0.2f)),
        ["Elu"] = Unary("Elu", ("alpha", 0.7f)),
        ["HardSwish"] = Unary("HardSwish"),
        ["HardSigmoid"] = Unary("HardSigmoid", ("alpha", 0.3f)),
        ["Softplus"] = Unary("Softplus"),
        ["Sigmoid"] = Unary("Sigmoid"),
        ["Tanh"] = Unary("Tanh"),
        ["Abs"] = Unary("Abs"),
        ["Neg"] = Unary("Neg"),
        ["Exp"] = Unary("Exp"),
        ["Erf"] = Unary("Erf"),
        ["Log"] = g => g.Output(g.Op("Log", g.Op("Exp", g.Input(2, 3, 3)))),
        ["Sqrt"] = g => g.Output(g.Op("Sqrt", g.Op("Exp", g.Input(2, 3, 3)))),
        ["Identity"] = g => g.Output(g.Relu(g.Op("Identity", g.Input(2, 3, 3)))),
        ["Dropout"] = g => g.Output(g.Relu(g.Op("Dropout", g.Input(2, 3, 3)))),
        ["PRelu"] = g => g.Output(g.Binary("PRelu", g.Input(3, 2, 2), g.Weight(3, 1, 1))),
        ["Clip"] = g => g.Output(new Wire(g.Op("Clip", [g.Input(2, 3, 3), g.Scalar(-0.4), g.Scalar(0.6)]), 2)),
        ["Add"] = Twice("Add"),
        ["Sub"] = Twice("Sub"),
        ["Mul"] = Twice("Mul"),
        ["Max"] = Twice("Max"),
        ["Min"] = Twice("Min"),
        ["Sum"] = Twice("Sum"),
        ["Mean"] = Twice("Mean"),
        ["Div"] = g => g.Output(g.Binary("Div", g.Input(2, 3, 3), g.Uniform(1, 2, 2, 1, 1))),
        ["Pow"] = g => g.Output(g.Binary("Pow", g.Op("Exp", g.Input(2, 3, 3)), g.Scalar(1.7))),
        ["MaxPool"] = g =>
            g.Output(g.Op("MaxPool", g.Input(2, 5, 5), (
                "kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 2, 2 }), ("pads", new long[] { 0, 1, 1, 0 }))),
        ["AveragePool"] = g =>
            g.Output(g.Op(
                "AveragePool",
                g.Input(2, 5, 5),
                ("kernel_shape", new long[] { 3, 3 }),
                ("strides", new long[] { 2, 2 }),
                ("pads", new long[] { 1, 1, 1, 1 }))),
        ["GlobalAveragePool"] = Unary("GlobalAveragePool"),
        ["GlobalMaxPool"] = Unary("GlobalMaxPool"),
        ["ReduceMean"] = Unary("ReduceMean", ("axes", new long[] { 2, 3 }), ("keepdims", 0L)),
        ["ReduceMax"] = Unary("ReduceMax", ("axes", new long[] { 2 })),
        ["ReduceSum"] = g => g.Output(new Wire(g.Op("ReduceSum", [g.Input(2, 3, 3), g.Longs(2, 3)]), 2)),
        ["Softmax"] = g => g.Output(g.Binary("Mul", g.Op("Softmax", g.Input(3, 2, 2), ("axis", 1L)), g.Weight(3, 2, 2))),
        ["LogSoftmax"] = g => g.Output(g.Op("LogSoftmax", g.Input(3, 2, 2), ("axis", 1L))),
        ["Concat"] = g =>
        {
            var x = g.Input(2, 3, 3);
            g.Output(g.Concat(1, g.Relu(x), g.Op("Tanh", x)));
        },
        ["Concat of one"] = g => g.Output(g.Relu(g.Concat(1, g.Op("Tanh", g.Input(2, 3, 3))))),
        ["Split"] = g =>
        {
            var parts = g.Ops("Split", [g.Input(5, 2, 2), g.Longs(2, 3)], 2, ("axis", 1L));
            g.Output(g.Conv(new Wire(parts[1], 3), 2));
        },
        ["Slice"] = g =>
            g.Output(new Wire(g.Op("Slice", [g.Input(3, 5, 5), g.Longs(0, 1), g.Longs(5, 4), g.Longs(2, 3), g.Longs(2, 1)]), 3)),
        ["Pad"] = g => g.Output(new Wire(g.Op("Pad", [g.Input(3, 2, 2), g.Longs(0, 2, 1, 0, 0, 1, 0, 2)]), 6)),
        ["Transpose"] = Unary("Transpose", ("perm", new long[] { 0, 3, 1, 2 })),
        ["Flatten"] = g => g.Output(g.Flatten(g.Relu(g.Input(2, 3, 3)), 9)),
        ["Reshape"] = g => g.Output(new Wire(g.Op("Reshape", [g.Relu(g.Input(4, 2, 2)), g.Longs(-1, 2, 8)]), 2)),
        ["Squeeze"] = g => g.Output(new Wire(g.Op("Squeeze", [g.Relu(g.Input(4, 1, 1)), g.Longs(2, 3)]), 4)),
        ["Unsqueeze"] = g => g.Output(new Wire(g.Op("Unsqueeze", [g.Relu(g.Input(4, 2, 2)), g.Longs(1)]), 1)),
    };

    /// <summary>A module of one operator, or a few, in double precision.</summary>
    internal static GraphModule Sample(string operation)
    {
        var graph = new TestGraph(seed: 3);
        s_samples[operation](graph);
        return GraphModule.Of(OnnxFile.FromBytes(graph.ToBytes()), torch.CPU, doubles: true);
    }

    public static TheoryData<string> Operators { get; } = new(TorchOperatorTable.Rules.Keys);

    [Theory]
    [MemberData(nameof(Operators))]
    public void Gradients_are_those_of_finite_differences(string operation)
    {
        // given
        using var scope = torch.NewDisposeScope();
        using var module = Sample(operation);
        var size = module.Model.Graph.Inputs[0].Shape!.Select(d => d.Size ?? 2).ToArray();
        var x = Random(size, seed: 5);
        x.requires_grad = true;

        // when
        var result = Loss(module, x);
        result.backward();

        // then
        Check(module, x, x, "the input");
        foreach (var weight in module.Weights.Where(w => w.Parameter is not null))
        {
            Check(module, x, weight.Data, $"'{weight.Value.Name}'");
        }
    }

    /// <summary>A few elements, since every one costs two evaluations.</summary>
    private static void Check(GraphModule module, torch.Tensor x, torch.Tensor variable, string what)
    {
        using var mode = torch.no_grad();
        var gradient = TensorBridge.FromTorch(variable.grad!).ToDoubles();
        var start = TensorBridge.FromTorch(variable);
        var values = start.ToDoubles();
        for (var i = 0; i < values.Length; i += Math.Max(1, values.Length / 5))
        {
            double At(double value)
            {
                var moved = (double[])values.Clone();
                moved[i] = value;
                variable.copy_(torch.tensor(moved, [.. start.Dims]));
                return TensorBridge.FromTorch(Loss(module, x)).ToDoubles()[0];
            }

            var expected = (At(values[i] + Step) - At(values[i] - Step)) / (2 * Step);
            variable.copy_(torch.tensor(values, [.. start.Dims]));
            Assert.True(
                Math.Abs(expected - gradient[i]) <= Tolerance * Math.Max(1, Math.Abs(expected)),
                $"{what}, element {i}: {gradient[i]} where finite differences give {expected}");
        }
    }

    /// <summary>
    /// A sum of the outputs with random weights, so that no gradient cancels out. Every call makes BatchNormalization take the batch's
    /// statistics.
    /// </summary>
    private static torch.Tensor Loss(GraphModule module, torch.Tensor x)
    {
        var output = module.Forward(x, training: true);
        return output.mul(Random(output.shape, seed: 7)).sum();
    }

    private static torch.Tensor Random(long[] size, int seed)
    {
        var random = new Random(seed);
        return torch.tensor(
            Enumerable.Range(0, (int)size.Aggregate((a, b) => a * b)).Select(_ => RandomWeights.Normal(random)).ToArray(), size);
    }

    private static Action<TestGraph> Unary(string type, params (string, object)[] attributes) =>
        g => g.Output(g.Op(type, g.Input(3, 3, 3), attributes));

    private static Action<TestGraph> Twice(string type) => g =>
    {
        var x = g.Conv(g.Input(2, 3, 3), 3);
        g.Output(g.Binary(type, x, g.Op("Tanh", x)));
    };
}
