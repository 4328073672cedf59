using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// Shapes that a runtime leaves open: behind a Reshape or Expand to lengths that the network computes, rank and channel counts follow from
/// the shape arithmetic. One pass through the graph says what the operators make of their inputs' dimensions, another one back what weights
/// want of what they read.
/// </summary>
internal static class OpenShapes
{
    /// <summary>Fills in what is open of the values' shapes. Dimensions that stay open and are equal can be told to be.</summary>
    /// <exception cref="BrokenModelException">A node is not what its operator is.</exception>
    public static void Complete(Graph graph)
    {
        ModelCheck.Require(
            graph, new ShapeTerms(new ConstantValues(), graph.Values.Where(v => v.Shape is not null).ToDictionary(v => v, v => v.Shape!)));
        foreach (var (value, shape) in Of(graph))
        {
            if (value is { IsGraphInput: false, IsInitializer: false })
            {
                value.Shape = shape;
            }
        }
    }

    /// <summary>The shapes of all values of which anything is known.</summary>
    /// <param name="known">What is known beforehand; null for the values' own shapes.</param>
    public static IReadOnlyDictionary<Value, Shape> Of(Graph graph, IReadOnlyDictionary<Value, Shape>? known = null)
    {
        var shapes = known is null
            ? graph.Values.Where(v => v.Shape is not null).ToDictionary(v => v, v => v.Shape!)
            : new Dictionary<Value, Shape>(known);
        var terms = new ShapeTerms(new ConstantValues(), shapes);
        var nodes = graph.TopologicalOrder().ToArray();
        foreach (var node in nodes.Where(n => n.Outputs.Any(o => o is not null && IsOpen(shapes, o))))
        {
            Follow(node, shapes, terms);
        }

        foreach (var node in nodes.Reverse())
        {
            LookBack(node, shapes, terms);
        }

        return shapes;
    }

    /// <summary>
    /// Names a length that a layer's weights contradict, as a clause; null where all fit. Runtimes find out only when they run, where a
    /// length is computed.
    /// </summary>
    public static string? Contradiction(Graph graph, IReadOnlyDictionary<Value, Shape> shapes)
    {
        var terms = new ShapeTerms(new ConstantValues(), shapes);
        foreach (var node in graph.Nodes)
        {
            foreach (var (axis, length) in OperatorTable.Find(node) is { } rule ? RuleFault.NameIn(node, () =>
                rule.Wants(node, terms).ToArray()) : [])
            {
                if (shapes.GetValueOrDefault(axis.Value) is { } shape
                    && axis.Axis < shape.Rank
                    && shape[axis.Axis].Size is { } size
                    && size != length)
                {
                    return $"{node} wants a length of {length} where '{axis.Value.Name}' has {size}";
                }
            }
        }

        return null;
    }

    private static void Follow(Node node, Dictionary<Value, Shape> shapes, ShapeTerms terms)
    {
        for (var i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is { } output && IsOpen(shapes, output))
            {
                var index = i;
                var found = OperatorTable.Find(node) is { } rule ? RuleFault.NameIn(node, () => rule.Sizes(node, index, terms)) : null;
                if (Merge(shapes.GetValueOrDefault(output), found) is { } merged)
                {
                    shapes[output] = merged;
                }
            }
        }
    }

    private static void LookBack(Node node, Dictionary<Value, Shape> shapes, ShapeTerms terms)
    {
        if (OperatorTable.Find(node) is not { } rule)
        {
            return;
        }

        foreach (var (axis, length) in RuleFault.NameIn(node, () => rule.Wants(node, terms).ToArray()))
        {
            if (axis.Value is { Producer: not null }
                && shapes.GetValueOrDefault(axis.Value) is { } shape
                && axis.Axis < shape.Rank
                && !shape[axis.Axis].IsKnown)
            {
                shapes[axis.Value] = shape.With(axis.Axis, length);
            }
        }
    }

    private static bool IsOpen(Dictionary<Value, Shape> shapes, Value value) =>
        shapes.GetValueOrDefault(value) is not { } shape || shape.Any(d => !d.IsNamed);

    private static Shape? Merge(Shape? known, IReadOnlyList<Dim>? found)
    {
        var dims = known?.ToArray() ?? found?.ToArray();
        for (var axis = 0; axis < dims?.Length; axis++)
        {
            var other = found is not null && found.Count == dims.Length ? found[axis] : Dim.Unknown;
            dims[axis] = dims[axis] is { IsNamed: true, Size: null or >= 0 } named
                ? named
                : other is { IsNamed: true, Size: null or >= 0 }
                ? other
                : Dim.Open();
        }

        return dims is null ? null : new Shape(dims);
    }
}
