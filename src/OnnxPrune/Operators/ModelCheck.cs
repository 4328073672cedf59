using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// True if the nodes of a graph are what ONNX says of their operators: inputs that are there, axes that the input has, lists that are as
/// long as they must be. Rules rely on it. Where a rank is not known, what depends on it is not looked at.
/// </summary>
internal static class ModelCheck
{
    // More groups, or larger blocks, than any axis is long that channels are followed along.
    private const long MostParts = 1 << 22;

    private const int MostNamed = 3;

    /// <exception cref="BrokenModelException">Something is wrong with a node; the message says what, of the first few.</exception>
    public static void Require(Graph graph, ShapeTerms terms)
    {
        var faults = Faults(graph, terms).Take(MostNamed + 1).ToArray();
        if (faults.Length > 0)
        {
            throw new BrokenModelException(string.Join("; ", faults.Take(MostNamed)) + (faults.Length > MostNamed ? "; and more." : "."));
        }
    }

    /// <summary>All that is wrong, a phrase each.</summary>
    public static IEnumerable<string> Faults(Graph graph, ShapeTerms terms) =>
        graph.Nodes.Where(n => OperatorTable.Find(n) is not null).SelectMany(n => Faults(n, terms).Select(fault => $"{n}: {fault}"));

    private static IEnumerable<string> Faults(Node node, ShapeTerms terms)
    {
        if (node.Outputs.All(o => o is null))
        {
            return ["it has no output"];
        }

        var needed = InputsNeeded(node.OpType);
        return Enumerable.Range(0, needed).Any(i => node.Input(i) is null)
            ? [$"it has {node.Inputs.Count(i => i is not null)} inputs, but needs {needed}"]
            : Sizes(node, terms, Enumerable.Range(0, node.Inputs.Count).Select(i =>
                node.Input(i) is { } input ? terms.ShapeOf(input) : null).ToArray())
                .OfType<string>();
    }

    private static int InputsNeeded(string op) => op switch
    {
        "Conv" or "ConvTranspose" or "Gemm" or "MatMul" or "Gather" or "GridSample" or "Expand" => 2,
        "InstanceNormalization" or "GroupNormalization" or "Where" or "RoiAlign" => 3,
        "BatchNormalization" => 5,
        _ => 1,
    };

    private static IEnumerable<string?> Sizes(Node node, ShapeTerms terms, Shape?[] inputs)
    {
        var x = inputs[0];
        var second = inputs.Length > 1 ? inputs[1] : null;
        switch (node.OpType)
        {
            case "Conv" or "ConvTranspose":
                return [
                    Rank(x, r => r > 2, "batch, channels and positions"),
                    SameRank(x, second, "its weight"),
                    Window(node, x),
                    Parts(node, "group", 1)
                ];
            case "MaxPool" or "AveragePool" or "LpPool" or "GlobalAveragePool" or "GlobalMaxPool" or "GlobalLpPool":
                return [Rank(x, r => r > 1, "batch and channels"), Window(node, x)];
            case "Gemm":
                return [Rank(x, r => r == 2, "2 axes"), Rank(
                    second, r => r == 2, "2 axes"), inputs.Length > 2 ? Rank(inputs[2], r => r <= 2, "2 axes at most") : null];
            case "BatchNormalization" or "InstanceNormalization" or "GroupNormalization":
                return [Rank(x, r => r > 0, "channels"), Alike(inputs[1..]), Parts(node, "num_groups", 1)];
            case "DepthToSpace" or "SpaceToDepth":
                return [Rank(x, r => r == 4, "4 axes"), Parts(node, "blocksize", 1)];
            case "ArgMax" or "ArgMin" or "Split" or "Gather":
                return [Axis(node, x, 0)];
            case "Softmax" or "LogSoftmax" or "Hardmax" or "LayerNormalization" or "RMSNormalization":
                return [Axis(node, x, node.Attribute("axis") is null && x?.Rank < 2 ? 0 : node.OpType.EndsWith(
                    "max", StringComparison.Ordinal) ? 1 : -1)];
            case "Flatten":
                return [node.Int("axis", 1) is var axis && x is not null && (axis < -x.Rank || axis > x.Rank)
                    ? $"its input {x} has no axis {axis}"
                    : null];
            case "Concat":
                return [Axis(node, x, 1), .. inputs.Skip(1).Select(other => SameRank(x, other, "another input"))];
            case "Transpose":
                return [node.Ints("perm") is { } perm && (!perm.Order().SequenceEqual(Enumerable.Range(0, perm.Length).Select(i => (long)i))
                    || (x is not null && x.Rank != perm.Length))
                        ? $"[{string.Join(", ", perm)}] is no order of the axes of {Text(x)}"
                        : null];
            case "Squeeze" or "Slice" or "Pad" or "Resize" or "Upsample" or "ReduceMean" or "ReduceMax" or "ReduceMin" or "ReduceProd"
                or "ReduceLogSum" or "ReduceLogSumExp" or "ReduceSum" or "ReduceSumSquare" or "ReduceL1" or "ReduceL2":
                return [Axes(node, terms, node.OpType is "Slice" or "Pad" ? 3 : 1, x?.Rank), .. Lengths(node, terms)];
            case "Unsqueeze":
                return [terms.Constants.LongsOf(node, "axes", 1, out _) is { } added ? Axes(node, terms, 1, x?.Rank + added.Length) : null];
            default:
                return [];
        }
    }

    /// <summary>Bounds of Slice that do not belong together.</summary>
    private static IEnumerable<string?> Lengths(Node node, ShapeTerms terms)
    {
        if (node.OpType != "Slice")
        {
            return [];
        }

        int?[] lengths = [Length("starts", 1), Length("ends", 2), Length("axes", 3), Length("steps", 4)];
        return lengths.Where(l =>
            l is not null).Distinct().Count() > 1 ? ["its lists of starts, ends, axes and steps are not equally long"] : [];

        int? Length(string name, int input) =>
            node.Input(input) is { } list
                ? terms[list]?.Length
                    ?? (terms.ShapeOf(list) is { Rank: 1 } shape && shape[0].Size is { } size ? (int)Math.Min(size, int.MaxValue) : null)
                : node.Ints(name)?.Length;
    }

    private static string? Axis(Node node, Shape? x, long otherwise)
    {
        var axis = node.Int("axis", otherwise);
        return x is not null && (axis < -x.Rank || axis >= x.Rank) ? $"its input {x} has no axis {axis}" : null;
    }

    private static string? Axes(Node node, ShapeTerms terms, int input, int? rank)
    {
        // Resize and Upsample have their axes as an attribute alone.
        var axes = node.OpType is "Resize" or "Upsample" ? node.Ints("axes") : terms.Constants.LongsOf(node, "axes", input, out _);
        return axes is null || rank is not { } r ? null
            : axes.Any(a => a < -r || a >= r) ? $"among {r} axes there is none of [{string.Join(", ", axes)}]"
            : node.OpType == "Unsqueeze" && axes.Select(a => a < 0 ? a + r : a).Distinct().Count() < axes.Length
                ? $"[{string.Join(", ", axes)}] names an axis twice"
            : null;
    }

    private static string? Window(Node node, Shape? x) => new[] { ("kernel_shape", 1), ("strides", 1), ("dilations", 1), ("pads", 2) }
        .Where(a => x is not null && node.Ints(a.Item1) is { } values && values.Length != a.Item2 * (x.Rank - 2))
        .Select(a => $"'{a.Item1}' has {node.Ints(a.Item1)!.Length} numbers, but its input {x} has {x!.Rank - 2} axes behind the channels")
        .FirstOrDefault();

    private static string? Parts(Node node, string attribute, long otherwise) =>
        node.Int(attribute, otherwise) is var parts && parts is < 1 or > MostParts ? $"'{attribute}' is {parts}" : null;

    private static string? Rank(Shape? shape, Func<int, bool> fits, string wanted) =>
        shape is not null && !fits(shape.Rank) ? $"its input {shape} does not have {wanted}" : null;

    private static string? SameRank(Shape? a, Shape? b, string other) =>
        a is not null && b is not null && a.Rank != b.Rank ? $"its input {a} and {other} {b} differ in rank" : null;

    private static string? Alike(IEnumerable<Shape?> shapes) =>
        shapes.OfType<Shape>().Where(s => s.IsKnown).Select(s => s.ToString()).Distinct().ToArray() is { Length: > 1 } different
            ? $"its parameters differ in shape: {string.Join(", ", different)}"
            : null;

    private static string Text(Shape? shape) => shape?.ToString() ?? "its input";
}
