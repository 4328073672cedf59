using OnnxPrune.Constants;
using OnnxPrune.Graphs;

namespace OnnxPrune.Quantization;

/// <summary>A value that is kept as integers.</summary>
/// <param name="Scaled">The value whose range gives the scale: itself, or what it is moved from.</param>
/// <param name="Low">What saturation must not reach below; with <paramref name="High"/>, the bounds of a Clip that it takes the place
/// of.</param>
internal sealed record QuantizedValue(Value Value, Value Scaled, double Low, double High)
{
    /// <summary>The values that the nodes of a partition exchange as integers, in the order of the graph.</summary>
    public static IReadOnlyList<QuantizedValue> Of(
        Model model, ConstantValues constants, IntegerPartition partition, QuantizationScheme scheme)
    {
        var found = new Dictionary<Value, QuantizedValue>();
        foreach (var node in model.Graph.TopologicalOrder().Where(n => partition[n] != IntegerForm.None))
        {
            var form = partition[node];
            if (form != IntegerForm.Bound)
            {
                foreach (var input in IntegerInputs(node, constants, form).Where(i => !IsFused(i, partition, scheme)))
                {
                    found.TryAdd(input, new QuantizedValue(input, input, double.NegativeInfinity, double.PositiveInfinity));
                }
            }

            foreach (var output in node.Outputs.OfType<Value>().Where(o => IsKept(node, o, partition, scheme)))
            {
                var scaled = form == IntegerForm.Movement
                    ? found[node.Required(0)]
                    : new QuantizedValue(output, output, double.NegativeInfinity, double.PositiveInfinity);
                found[output] = form == IntegerForm.Bound || node.OpType is "Relu" or "Clip"
                    ? scaled with
                    {
                        Low = IntegerForms.Bounds(node, constants)!.Value.Low,
                        High = IntegerForms.Bounds(node, constants)!.Value.High
                    }
                    : scaled with { Value = output };
            }
        }

        return [.. found.Values];
    }

    /// <summary>Parameters whose saturation stays within the bounds.</summary>
    public QuantizationParameters Bounded(QuantizationParameters parameters, QuantizationScheme scheme) =>
        parameters.Most is null && parameters.High(scheme) > High
            ? parameters with
            {
                Scale = (float)(High / (scheme.Highest - parameters.ZeroPoint)) is var scale
                && (double)scale * (scheme.Highest - parameters.ZeroPoint) > High ? MathF.BitDecrement(scale) : scale
            }
            : parameters;

    /// <summary>The inputs that a node reads as integers: all floats, of layers and movements the first.</summary>
    public static IEnumerable<Value> IntegerInputs(Node node, ConstantValues constants, IntegerForm form) =>
        form == IntegerForm.Arithmetic && node.OpType is not ("Relu" or "Clip")
            ? IntegerPartition.FloatInputs(node, constants).Distinct()
            : [node.Required(0)];

    /// <summary>
    /// True if an output becomes integers: not what a bound saturates first, and of the last products only what a kernel needs.
    /// </summary>
    private static bool IsKept(Node node, Value output, IntegerPartition partition, QuantizationScheme scheme)
    {
        if (output.Uses is [{ IsCapture: false, Node: var reader }]
            && partition[reader] == IntegerForm.Bound
            && partition[node] != IntegerForm.Movement
            && !output.IsGraphOutput)
        {
            return false;
        }

        return node.OpType is "Gemm" or "MatMul" || (scheme.IsForTensorRt && partition[node] == IntegerForm.Layer)
            ? output.Uses.Any(u => partition[u.Node] != IntegerForm.None) && !IsFused(output, partition, scheme)
            : output.Uses.Count > 0 || output.IsGraphOutput;
    }

    /// <summary>
    /// TensorRT adds the shortcut where a layer's products are summed: what the layer itself gives must not be rounded first.
    /// </summary>
    private static bool IsFused(Value value, IntegerPartition partition, QuantizationScheme scheme) =>
        scheme.IsForTensorRt && value is { IsGraphOutput: false, Uses: [{ Node: { OpType: "Add" } add }], Producer: { } producer }
        && partition[producer] == IntegerForm.Layer && partition[add] != IntegerForm.None
        && add.Required(0) != add.Required(1) && !(value == add.Required(1) && IsFused(add.Required(0), partition, scheme));
}
