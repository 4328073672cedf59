using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Quantization;

/// <summary>
/// Takes BatchNormalization out of a network, for integers have none.
/// Given: %1 = Conv(x); %2 = BatchNormalization(%1)   Result: %2 = Conv(x) with the norm's scale in its weights and its shift in its bias.
/// Given: %1 = BatchNormalization(x) behind anything else   Result: %1 = Conv(x), depthwise with one tap: a scale and a shift of every
/// channel.
/// </summary>
internal static class BatchNormFolding
{
    public static void Apply(Model model)
    {
        var graph = model.Graph;
        var constants = new ConstantValues();
        var dead = DeadCode.Find(graph);
        var removed = new HashSet<Node>();
        foreach (var norm in graph.Nodes.Where(n => n is { OpType: "BatchNormalization", Domain: "" }).ToArray())
        {
            if (Affine(norm, constants) is not var (scale, shift) || norm.Input(0) is not { ElementType: ElementType.Float } x)
            {
                continue;
            }

            if (Layer(x) is { } layer && LayerWeights.Of(layer, constants, out _) is { } weights && weights.Outputs == scale.Length)
            {
                if (graph.ReplaceAllUsesWith(norm.Output, layer.Output))
                {
                    Fold(graph, layer, weights, scale, shift);
                    removed.Add(norm);
                }
            }
            else if (x.Shape is { Rank: >= 3 } shape && !norm.Output.Uses.Any(u => u.IsCapture))
            {
                removed.Add(norm);
                ToConv(graph, norm, x, shape.Rank, scale, shift);
            }
        }

        graph.RemoveNodes(removed);
        DeadCode.Remove(graph, dead);
    }

    /// <summary>y = scale·x + shift by channel; null for a norm that is trained, or whose parameters are no constants.</summary>
    private static (double[] Scale, double[] Shift)? Affine(Node norm, ConstantValues constants)
    {
        var parameters = Enumerable.Range(1, 4).Select(i => constants[norm.Input(i)]).ToArray();
        if (parameters.Any(p => p is not { Rank: 1, ElementType: ElementType.Float })
            || norm.Int("training_mode", 0) != 0
            || norm.Outputs.Skip(1).Any(o => o?.Uses.Count > 0))
        {
            return null;
        }

        var (gamma, beta, mean, variance) =
            (parameters[0]!.ToDoubles(), parameters[1]!.ToDoubles(), parameters[2]!.ToDoubles(), parameters[3]!.ToDoubles());
        var epsilon = norm.Float("epsilon", 1e-5f);
        var scale = gamma.Select((g, c) => g / Math.Sqrt(variance[c] + epsilon)).ToArray();
        return (scale, [.. beta.Select((b, c) => b - (mean[c] * scale[c]))]);
    }

    private static Node? Layer(Value x) =>
        x is { IsGraphOutput: false, Uses.Count: 1, Producer: { OpType: "Conv" or "ConvTranspose" or "Gemm", Domain: "" } producer }
            ? producer
            : null;

    private static void Fold(Graph graph, Node layer, LayerWeights weights, double[] scale, double[] shift)
    {
        var values = new double[weights.Values.Length];
        for (var m = 0; m < weights.Outputs; m++)
        {
            for (var f = 0; f < weights.Features; f++)
            {
                var place = weights.Place(m, f);
                values[place] = weights.Values[place] * scale[m];
            }
        }

        var bias = shift.Select((s, m) => s + (scale[m] * (weights.Bias?[m] ?? 0))).ToArray();
        SetWeights(graph, layer, Tensor.FromValues(ElementType.Float, weights.Dims, values), bias);
        layer.RemoveAttribute("alpha");
        layer.RemoveAttribute("beta");
    }

    private static void ToConv(Graph graph, Node norm, Value x, int rank, double[] scale, double[] shift)
    {
        long[] ones = [.. Enumerable.Repeat(1L, rank - 2)];
        var conv = graph.AddNode(
            norm.Name, "Conv", [x], [graph.FreshName(norm.Output.Name + "_scaled")],
            [new NodeAttribute("group", (long)scale.Length), new NodeAttribute("kernel_shape", ones)], before: norm);
        SetWeights(graph, conv, Tensor.FromValues(ElementType.Float, [scale.Length, 1, .. ones], scale), shift);
        (conv.Output.Shape, conv.Output.ElementType) = (norm.Output.Shape, norm.Output.ElementType);
        graph.ReplaceAllUsesWith(norm.Output, conv.Output);
    }

    private static void SetWeights(Graph graph, Node layer, Tensor weight, double[] bias)
    {
        layer.SetInput(1, graph.AddFreshInitializer(layer.Output.Name + "_weight", weight));
        layer.SetInput(
            2, graph.AddFreshInitializer(layer.Output.Name + "_bias", Tensor.FromValues(ElementType.Float, [bias.Length], bias)));
    }
}
