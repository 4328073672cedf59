using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Torch.Modules;

/// <summary>
/// Takes the BatchNormalization that an exporter folded into a Conv out again, so that it can be trained, and folds it back.
/// Given: y = Conv(x, W, b)   Result: y = Conv(x, W), z = BatchNormalization(y, scale, b, mean, var), and z is read instead of y.
/// </summary>
internal static class BatchNormInsertion
{
    /// <summary>The prefix of every inserted node's name.</summary>
    public const string Prefix = "onnxprune.norm ";

    private const float Epsilon = 1e-5f;

    public static bool IsInserted(Node node) =>
        node is { OpType: "BatchNormalization" } && node.Name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>
    /// Inserts one behind every Conv with a bias that no BatchNormalization follows. The model computes the same as before; its statistics
    /// say nothing until <see cref="BatchNormCalibration"/>.
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
    /// Folds every inserted BatchNormalization into its Conv: W' = W · scale / √(var + ε), b' = shift − mean · scale / √(var + ε).
    /// </summary>
    public static void Fold(Model model)
    {
        var constants = new ConstantValues();
        foreach (var norm in model.Graph.Nodes.Where(IsInserted).ToArray())
        {
            Fold(model.Graph, norm, norm.Required(0).Producer!, constants);
        }
    }

    /// <summary>The same in a copy.</summary>
    public static Model Folded(Model model)
    {
        var copy = model.Clone();
        Fold(copy);
        return copy;
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
            [made, Constant(graph, made, "scale", 1, bias), shift, Constant(
                graph, made, "mean", 0, bias), Constant(graph, made, "var", 1 - Epsilon, bias)],
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
}
