using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Operators;

/// <summary>
/// A product of any operands, summed over the letters of its equation that the output lacks. The channels of one letter become equal. A
/// constant reads those that are summed over, and makes fresh ones along a letter of its own. Equations with dots or with a letter twice in
/// one operand block.
/// </summary>
internal sealed class Einsum : Operator
{
    public override void Flow(Node node, ChannelFlow flow)
    {
        if (!node.Inputs.Any(flow.HasChannels) && !node.Inputs.Any(flow.IsConstant))
        {
            return;
        }

        if (EinsumEquation.Of(node) is not { } equation
            || Enumerable.Range(0, node.Inputs.Count).Any(i => flow.Terms.ShapeOf(node.Required(i))?.Rank != equation.Operands[i].Length))
        {
            flow.Block(node, "has an equation or an operand that is not followed");
            return;
        }

        foreach (var letter in equation.Letters)
        {
            FlowAlong(node, flow, equation, letter);
        }
    }

    public override IReadOnlyList<Dim>? Sizes(Node node, int output, ShapeTerms terms) =>
        EinsumEquation.Of(node) is { } equation
        ? [.. equation.Output.Select(letter => Length(node, equation, letter, terms.ShapeOf))]
        : null;

    public override MacTerm? Macs(Node node, CostShapes shapes)
    {
        if (EinsumEquation.Of(node) is not { Operands.Count: 2 } equation || equation.Letters.All(equation.Output.Contains))
        {
            return null;
        }

        var axes = new List<ValueAxis>();
        foreach (var letter in equation.Letters.OrderByDescending(equation.Output.Contains))
        {
            var places = equation.Places(letter).Select(p => new ValueAxis(node.Required(p.Input), p.Axis)).ToArray();
            var lengths = Array.ConvertAll(places, p => shapes.OfOperand(p.Value)?.ElementAtOrDefault(p.Axis));
            if (lengths.Any(length => length is null or 0))
            {
                return null;
            }

            axes.Add(places[Array.IndexOf(lengths, lengths.Max())]);
        }

        return new MacTerm(1, axes);
    }

    private static void FlowAlong(Node node, ChannelFlow flow, EinsumEquation equation, char letter)
    {
        var places = equation.Places(letter).ToArray();
        var constants = places.Where(p => flow.IsConstant(node.Input(p.Input))).ToArray();
        var computed = places.Except(constants).ToArray();
        var outputAxis = equation.Output.IndexOf(letter, StringComparison.Ordinal);
        var ids = computed.Length > 0 ? Together(node, flow, computed)
            : outputAxis >= 0 ? flow.Produce(node, constants[0].Input, constants[0].Axis, outputAxis)
            : null;
        foreach (var (input, axis) in constants)
        {
            if (ids is null || ids.Length == 1 || flow.Constants[node.Input(input)]?.Dims[axis] != 1)
            {
                flow.Bind(node, input, axis, ids);
            }
        }

        if (outputAxis >= 0)
        {
            flow.Set(node.Output, outputAxis, ids);
            return;
        }

        foreach (var (input, axis) in computed)
        {
            flow.Reads(node, input, axis);
        }
    }

    /// <summary>The channels of a letter in the operands that are computed, made equal; null where one of them has none.</summary>
    private static int[]? Together(Node node, ChannelFlow flow, (int Input, int Axis)[] computed)
    {
        var lists = Array.ConvertAll(computed, p => flow.Channels(node.Required(p.Input), p.Axis));
        if (lists[0] is not { } first || lists.Any(list => list?.Length != first.Length))
        {
            foreach (var (input, axis) in computed)
            {
                flow.Pin(node, node.Required(input), axis, "combines them with something that has no channels that could be cut");
            }

            return null;
        }

        foreach (var list in lists)
        {
            flow.Couple(first, list!);
        }

        return first;
    }

    /// <summary>The length of a letter: that of any operand's axis which is not 1, as such axes are repeated.</summary>
    private static Dim Length(Node node, EinsumEquation equation, char letter, Func<Value, Shape?> shapeOf)
    {
        var dims = equation.Places(letter)
            .Select(p => shapeOf(node.Required(p.Input)) is { } shape && p.Axis < shape.Rank ? shape[p.Axis] : Dim.Unknown)
            .ToArray();
        return dims.FirstOrDefault(d => d is { IsKnown: true, Size: not 1 }) is { IsKnown: true } known ? known
            : dims.All(d => d.Size == 1) ? 1
            : dims.All(d => d.SurelyEquals(dims[0])) ? dims[0]
            : Dim.Unknown;
    }
}
