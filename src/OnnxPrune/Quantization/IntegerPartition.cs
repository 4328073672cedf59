using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;

namespace OnnxPrune.Quantization;

/// <summary>A node that computes with floats between nodes that compute with integers, and why.</summary>
internal sealed record FloatIsland(Node Node, string Reason)
{
    /// <summary>The relative output error that integers in this layer alone make, where that is the reason; null otherwise.</summary>
    public double? Drift { get; init; }
}

/// <summary>
/// Which nodes of a network compute with integers: layers with weights, and what lies between them. What comes before the first or after
/// the last of them stays float, for nothing is won there.
/// </summary>
internal sealed class IntegerPartition
{
    private readonly Dictionary<Node, IntegerForm> _forms = [];

    private IntegerPartition(IReadOnlyList<FloatIsland> islands, Dictionary<Node, IntegerForm> forms) =>
        (Islands, _forms) = (islands, forms);

    /// <summary>In the order of the graph.</summary>
    public IReadOnlyList<FloatIsland> Islands { get; }

    /// <summary>The layers that compute with integers, in the order of the graph.</summary>
    public IEnumerable<Node> Layers => _forms.Where(f => f.Value == IntegerForm.Layer).Select(f => f.Key);

    /// <summary>The form in which a node computes; None where it computes with floats.</summary>
    public IntegerForm this[Node? node] => node is null ? IntegerForm.None : _forms.GetValueOrDefault(node);

    /// <param name="model">With element types and shapes.</param>
    /// <param name="staysFloat">Layers, by the name of their output, that are to stay float; with the reason.</param>
    public static IntegerPartition Of(
        Model model, ConstantValues constants, QuantizationScheme scheme, IReadOnlyDictionary<string, string> staysFloat)
    {
        var order = model.Graph.TopologicalOrder();
        var forms = order.ToDictionary(n => n, Form);
        var (after, before) = (new HashSet<Node>(), new HashSet<Node>());
        foreach (var node in order.Where(n => forms[n].Form == IntegerForm.Layer
            || FloatInputs(n, constants).Any(i => i.Producer is { } producer && after.Contains(producer))))
        {
            after.Add(node);
        }

        foreach (var node in order.Reverse().Where(n => forms[n].Form == IntegerForm.Layer
            || n.Outputs.OfType<Value>().Any(o => o.ElementType == ElementType.Float && o.Uses.Any(u => before.Contains(u.Node)))))
        {
            before.Add(node);
        }

        var chosen = new Dictionary<Node, IntegerForm>();
        var islands = new List<FloatIsland>();
        // What saturation gives for nothing is taken along, wherever its layer lies.
        foreach (var node in order.Where(n => constants[n.Output] is null
            && ((after.Contains(n) && before.Contains(n)) || (forms[n].Form == IntegerForm.Bound && IsAbsorbed(n, chosen)))))
        {
            var (form, reason) = forms[node];
            if (form == IntegerForm.None)
            {
                islands.Add(new FloatIsland(node, reason!));
                continue;
            }

            if (form != IntegerForm.Bound)
            {
                // Floats that meet stay floats: integers would round them and save nothing.
                if (form == IntegerForm.Layer || ReadsIntegers(node, constants, chosen))
                {
                    chosen.Add(node, form);
                }
            }
            else if (node.Required(0).Producer is { } producer && chosen.ContainsKey(producer))
            {
                // A bound that nothing before it can saturate to is computed like anything else.
                chosen.Add(node, IsAbsorbed(node, chosen) ? IntegerForm.Bound : IntegerForm.Arithmetic);
            }
        }

        // Layers with weights that lie at neither side of another one that computes with integers are no islands between them, but are
        // missed as well.
        islands.AddRange(order.Where(n => WeightLayout.IsLayer(n) && forms[n].Form == IntegerForm.None && !islands.Any(i => i.Node == n)
            && n.Output.ElementType.IsFloatingPoint() && constants[n.Output] is null).Select(n => new FloatIsland(n, forms[n].Reason!)));
        return new IntegerPartition(islands, chosen);

        (IntegerForm Form, string? Reason) Form(Node node) =>
            staysFloat.TryGetValue(node.Output.Name, out var reason)
                ? (IntegerForm.None, reason)
                : IntegerForms.Of(node, constants, scheme);
    }

    /// <summary>The operands of a node, without constants.</summary>
    public static IEnumerable<Value> FloatInputs(Node node, ConstantValues constants) =>
        node.Inputs.OfType<Value>().Where(i => i.ElementType == ElementType.Float && constants[i] is null);

    /// <summary>
    /// True if integers lie at hand: of several operands, all of them, or one that a layer makes for this node alone. A residual sum whose
    /// branch ends in a float layer is a float sum, although its shortcut may be integers.
    /// </summary>
    private static bool ReadsIntegers(Node node, ConstantValues constants, Dictionary<Node, IntegerForm> chosen)
    {
        Value[] operands = [.. FloatInputs(node, constants)];
        return operands.Length > 0
            && (operands.All(o => o.Producer is { } producer && chosen.ContainsKey(producer))
                || operands.Any(o => o.Uses.Count == 1 && ComesFromLayer(o)));

        bool ComesFromLayer(Value value)
        {
            var producer = value.Producer;
            while (producer is not null && chosen.TryGetValue(producer, out var form) && form != IntegerForm.Layer)
            {
                producer = FloatInputs(producer, constants).Take(2).ToArray() is [var single] ? single.Producer : null;
            }

            return producer is not null && chosen.ContainsKey(producer);
        }
    }

    private static bool IsAbsorbed(Node bound, Dictionary<Node, IntegerForm> chosen) =>
        bound.Required(0) is { IsGraphOutput: false, Uses.Count: 1, Producer: { } producer }
            && chosen.GetValueOrDefault(producer) is IntegerForm.Layer or IntegerForm.Arithmetic;
}
