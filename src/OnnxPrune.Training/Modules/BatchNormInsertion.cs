using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using TorchSharp;

namespace OnnxPrune.Training.Modules;

/// <summary>
/// Takes the BatchNormalization that an exporter folded into a Conv out again, so that it can be trained, and folds it back.
/// Given: y = Conv(x, W, b)   Result: y = Conv(x, W), z = BatchNormalization(y, scale, b, mean, var), and z is read instead of y.
/// </summary>
public static class BatchNormInsertion
{
    /// <summary>What the name of every inserted node starts with.</summary>
    public const string Prefix = "onnxprune.norm ";

    private const float Epsilon = 1e-5f;

    public static bool IsInserted(Node node) => node is { OpType: "BatchNormalization" } && node.Name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>
    /// Inserts one behind every Conv with a bias that no BatchNormalization follows. The model computes the same as before; its statistics say nothing
    /// until <see cref="Calibrate"/>.
    /// </summary>
    /// <returns>How many were inserted.</returns>
    public static int Apply(Model model)
    {
        var constants = new ConstantValues();
        var convs = model.Graph.Nodes.Where(n => CanFollow(n, constants)).ToArray();
        foreach (var conv in convs)
        {
            Insert(model.Graph, conv, constants[conv.Input(2)]!);
        }

        return convs.Length;
    }

    /// <summary>
    /// Gives every inserted BatchNormalization the statistics of what it reads, and a scale and shift that undo them: in inference the module computes the same
    /// as before, and in training nearly the same.
    /// </summary>
    /// <param name="batches">Inputs [N, ...], without labels and without augmentation.</param>
    public static void Calibrate(GraphModule module, IEnumerable<torch.Tensor> batches)
    {
        var moments = module.Model.Graph.Nodes.Where(IsInserted).ToDictionary(n => n, _ => new Moments());
        using var mode = torch.no_grad();
        foreach (var batch in moments.Count > 0 ? batches : [])
        {
            using var scope = torch.NewDisposeScope();
            module.Forward(batch, training: false, observe: (node, read, _) =>
            {
                if (moments.TryGetValue(node, out var seen))
                {
                    seen.Add(read);
                }
            });
        }

        var weights = module.Weights.SelectMany(w => w.Uses.Select(u => (Use: u, Weight: w))).ToDictionary(p => p.Use, p => p.Weight);
        foreach (var (node, seen) in moments.Where(m => m.Value.Count > 0))
        {
            var (mean, variance) = seen.Result();
            var shift = weights[new Use(node, 2)];
            var bias = shift.Export().ToDoubles();
            Load(weights[new Use(node, 1)], Array.ConvertAll(variance, v => Math.Sqrt(v + Epsilon)));
            Load(shift, [.. bias.Zip(mean, (b, m) => b + m)]);
            Load(weights[new Use(node, 3)], mean);
            Load(weights[new Use(node, 4)], variance);
        }
    }

    /// <summary>Folds every inserted BatchNormalization into its Conv: W' = W · scale / √(var + ε), b' = shift − mean · scale / √(var + ε).</summary>
    public static void Fold(Model model)
    {
        var constants = new ConstantValues();
        foreach (var norm in model.Graph.Nodes.Where(IsInserted).ToArray())
        {
            Fold(model.Graph, norm, norm.Required(0).Producer!, constants);
        }
    }

    private static bool CanFollow(Node node, ConstantValues constants) =>
        node is { OpType: "Conv", Domain: "" }
        && node.Output is { IsGraphOutput: false, Uses: { Count: > 0 } uses }
        && uses.All(u => !u.IsCapture && u.Node.OpType != "BatchNormalization")
        && node.Input(1) is { IsInitializer: true, Uses.Count: 1 } && constants[node.Input(1)] is { ElementType: ElementType.Float }
        && node.Input(2) is { IsInitializer: true, Uses.Count: 1 } && constants[node.Input(2)] is { ElementType: ElementType.Float };

    private static void Insert(Graph graph, Node conv, Tensor bias)
    {
        var made = conv.Output;
        var readers = made.Uses.ToArray();
        var shift = conv.Required(2);
        conv.TrimInputs(2);
        var after = graph.Nodes.SkipWhile(n => n != conv).ElementAtOrDefault(1);
        var norm = graph.AddNode(
            Prefix + conv.Label,
            "BatchNormalization",
            [made, Constant(graph, made, "scale", 1, bias), shift, Constant(graph, made, "mean", 0, bias), Constant(graph, made, "var", 1 - Epsilon, bias)],
            [graph.FreshName($"{made.Name}.norm")],
            [new NodeAttribute("epsilon", Epsilon)],
            before: after);
        (norm.Output.Shape, norm.Output.ElementType) = (made.Shape, made.ElementType);
        foreach (var use in readers)
        {
            use.Node.SetInput(use.Index, norm.Output);
        }
    }

    private static Value Constant(Graph graph, Value made, string what, float number, Tensor like) =>
        graph.AddFreshInitializer($"{made.Name}.{what}", Tensor.Of(Enumerable.Repeat(number, (int)like.Count).ToArray(), like.Count));

    private static void Fold(Graph graph, Node norm, Node conv, ConstantValues constants)
    {
        double[] Numbers(int input) => constants[norm.Input(input)]!.ToDoubles();
        var (scale, shift, mean, variance) = (Numbers(1), Numbers(2), Numbers(3), Numbers(4));
        var epsilon = norm.Float("epsilon", Epsilon);
        var factor = scale.Zip(variance, (s, v) => s / Math.Sqrt(v + epsilon)).ToArray();

        var weight = conv.Required(1);
        var rows = constants[weight]!;
        var perRow = (int)(rows.Count / Math.Max(1, rows.Dims[0]));
        Graph.SetInitializer(weight, rows.WithValues([.. rows.ToDoubles().Select((w, i) => w * factor[i / perRow])]));

        var bias = norm.Required(2);
        Graph.SetInitializer(bias, constants[bias]!.WithValues([.. shift.Zip(mean.Zip(factor, (m, f) => m * f), (b, m) => b - m)]));

        foreach (var use in norm.Output.Uses.ToArray())
        {
            use.Node.SetInput(use.Index, conv.Output);
        }

        var constantsOfNorm = new[] { 1, 3, 4 }.Select(norm.Required).ToArray();
        graph.RemoveNodes(new HashSet<Node> { norm });
        conv.SetInput(2, bias);
        foreach (var constant in constantsOfNorm.Where(c => c.Uses.Count == 0))
        {
            graph.RemoveInitializer(constant);
        }
    }

    private static void Load(Weight weight, double[] values) => weight.Load(weight.Export().WithValues(values));

    /// <summary>Mean and variance per channel of everything that was added, [N, C, H, W] each.</summary>
    private sealed class Moments
    {
        private double[]? _sum;
        private double[]? _squares;

        public long Count { get; private set; }

        public void Add(torch.Tensor x)
        {
            using var scope = torch.NewDisposeScope();
            var (size, elements) = (x.shape, x.shape[0] * x.shape[2] * x.shape[3]);
            var mean = TensorBridge.Floats(x.mean([0, 2, 3]));
            var square = TensorBridge.Floats(x.mul(x).mean([0, 2, 3]));
            _sum ??= new double[size[1]];
            _squares ??= new double[size[1]];
            for (var c = 0; c < mean.Length; c++)
            {
                _sum[c] += mean[c] * elements;
                _squares[c] += square[c] * elements;
            }

            Count += elements;
        }

        public (double[] Mean, double[] Variance) Result()
        {
            var mean = Array.ConvertAll(_sum!, s => s / Count);
            return (mean, [.. _squares!.Zip(mean, (s, m) => Math.Max((s / Count) - (m * m), 0))]);
        }
    }
}
