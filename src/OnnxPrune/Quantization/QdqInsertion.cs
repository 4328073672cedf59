using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Quantization;

/// <summary>
/// Writes a network's integers as QuantizeLinear and DequantizeLinear, which runtimes fuse with the nodes between them.
/// Given: y = Conv(x, w, b)
/// Result: y = Conv(DequantizeLinear(xq), DequantizeLinear(wq), DequantizeLinear(bq)); yq = QuantizeLinear(y), and whoever read y reads
/// DequantizeLinear(yq).
/// </summary>
internal sealed class QdqInsertion(Model model, QuantizationScheme scheme)
{
    private readonly Graph _graph = model.Graph;
    private readonly ConstantValues _constants = new();
    private readonly Dictionary<(float, int), (Value Scale, Value Zero)> _parameters = [];

    /// <param name="values">What becomes integers, with its parameters.</param>
    /// <param name="layers">The layers' weights, by layer.</param>
    public void Apply(
        IntegerPartition partition,
        IReadOnlyList<(QuantizedValue Value, QuantizationParameters Parameters)> values,
        IReadOnlyDictionary<Node, QuantizedWeights> layers)
    {
        var dead = DeadCode.Find(_graph);
        foreach (var layer in partition.Layers)
        {
            var input = values.First(v => v.Value.Value == layer.Required(0)).Parameters;
            SetWeights(layer, layers[layer], input.Scale);
        }

        foreach (var node in _graph.Nodes.Where(n => partition[n] == IntegerForm.Arithmetic).ToArray())
        {
            QuantizeConstants(node);
        }

        foreach (var (value, parameters) in values)
        {
            Quantize(value.Value, parameters);
        }

        foreach (var node in _graph.Nodes.Where(n => partition[n] == IntegerForm.Movement && n.OpType == "Pad" && !scheme.IsForTensorRt)
            .ToArray())
        {
            MoveIntegers(node);
        }

        DeadCode.Remove(_graph, dead);
    }

    private void SetWeights(Node layer, QuantizedWeights weights, float inputScale)
    {
        var plain = LayerWeights.Of(layer, _constants, out _)!;
        var name = layer.Output.Name;
        var bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes<sbyte>(weights.Values).ToArray();
        layer.SetInput(
            1, Dequantized(layer, name + "_weight", new Tensor(ElementType.Int8, plain.Dims, bytes), weights.Scales, plain.Axis));
        if (weights.Bias is not null && scheme.IsForTensorRt)
        {
            layer.SetInput(2, _graph.AddFreshInitializer(name + "_bias", Tensor.Of(weights.Bias)));
        }
        else if (weights.Bias is not null)
        {
            var integers = System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(weights.IntegerBias(inputScale)).ToArray();
            var scales = Array.ConvertAll(weights.Scales, s => s * inputScale);
            layer.SetInput(2, Dequantized(layer, name + "_bias", new Tensor(ElementType.Int32, [scales.Length], integers), scales, 0));
        }

        layer.RemoveAttribute("alpha");
        layer.RemoveAttribute("beta");
    }

    /// <summary>Constants with one scale for each index of an axis, and no zero points.</summary>
    private Value Dequantized(Node reader, string name, Tensor integers, float[] scales, int axis)
    {
        var zeros = new Tensor(integers.ElementType, [scales.Length], new byte[scales.Length * integers.ElementType.SizeInBytes()]);
        Value?[] inputs = [
            _graph.AddFreshInitializer(name + "_quantized", integers),
            _graph.AddFreshInitializer(name + "_scale", Tensor.Of(scales)),
            _graph.AddFreshInitializer(name + "_zero_point", zeros)
        ];
        var node = Add("DequantizeLinear", name + "_dequantized", inputs, reader, new NodeAttribute("axis", (long)axis));
        (node.Output.ElementType, node.Output.Shape) = (ElementType.Float, new Shape(integers.Dims.Select(d => new Dim(d))));
        return node.Output;
    }

    /// <summary>Operands that are the same for all inputs, such as what an Add adds: they have a scale of their own.</summary>
    private void QuantizeConstants(Node node)
    {
        for (var i = 0; i < node.Inputs.Count && node.OpType is not ("Relu" or "Clip"); i++)
        {
            if (node.Inputs[i] is { ElementType: ElementType.Float } input
                && _constants[input] is { ElementType: ElementType.Float } constant)
            {
                var histogram = new ValueHistogram();
                histogram.Add(constant.As<float>());
                var parameters = histogram.Best(scheme);
                var (scale, zero) = Parameters(parameters);
                var integers = Constants.Quantization.Quantize(constant, scale.Initializer!, zero.Initializer!, 0)!;
                node.SetInput(i, Add(
                    "DequantizeLinear",
                    input.Name + "_dequantized",
                    [_graph.AddFreshInitializer(input.Name + "_quantized", integers), scale, zero],
                    node).Output);
            }
        }
    }

    private void Quantize(Value value, QuantizationParameters parameters)
    {
        var (scale, zero) = Parameters(parameters);
        var uses = value.Uses.Where(u => !u.IsCapture).ToArray();
        var next = Next(value);
        var quantize = Add("QuantizeLinear", value.Name + "_quantized", [value, scale, zero], next);
        var integers = parameters.Most is { } most ? Saturated(quantize, most, next) : quantize.Output;
        var dequantize = Add("DequantizeLinear", value.Name + "_dequantized", [integers, scale, zero], next);
        (dequantize.Output.ElementType, dequantize.Output.Shape) = (value.ElementType, value.Shape);
        foreach (var use in uses)
        {
            use.Node.SetInput(use.Index, dequantize.Output);
        }

        // An output of the graph keeps its name, and becomes what the integers stand for.
        if (value is { IsGraphOutput: true, IsGraphInput: false } && _graph.ReplaceAllUsesWith(value, dequantize.Output))
        {
            quantize.SetInput(0, value);
        }
    }

    /// <summary>Integers of fewer bits than their type has: behind the kernel, which saturates to the type.</summary>
    private Value Saturated(Node quantize, int most, Node? next)
    {
        var bound = _graph.AddFreshInitializer("largest_activation", Tensor.FromValues(scheme.Activations, [], [most]));
        return Add("Clip", quantize.Required(0).Name + "_saturated", [quantize.Output, null, bound], next).Output;
    }

    /// <summary>
    /// ONNX Runtime fuses no Pad.
    /// Given: yq = QuantizeLinear(Pad(DequantizeLinear(xq)))   Result: yq = Pad(xq), padded with the zero point.
    /// </summary>
    private void MoveIntegers(Node node)
    {
        if (node.Required(0).Producer is not { OpType: "DequantizeLinear" } dequantize
            || node.Output.Uses is not [{ Node: { OpType: "QuantizeLinear" } quantize }])
        {
            return;
        }

        Value?[] inputs = [dequantize.Required(0), node.Input(1), dequantize.Input(2), .. node.Inputs.Skip(3)];
        var made = _graph.AddNode(node.Name, node.OpType, inputs, [_graph.FreshName(quantize.Output.Name)], node.Attributes, before: node);
        _graph.ReplaceAllUsesWith(quantize.Output, made.Output);
        _graph.RemoveNodes(new HashSet<Node> { quantize });
        _graph.RemoveNodes(new HashSet<Node> { node });
    }

    private Node? Next(Value value)
    {
        if (value.Producer is not { } producer)
        {
            return _graph.Nodes[0];
        }

        var place = 0;
        while (_graph.Nodes[place] != producer)
        {
            place++;
        }

        return place + 1 < _graph.Nodes.Count ? _graph.Nodes[place + 1] : null;
    }

    private (Value Scale, Value Zero) Parameters(QuantizationParameters parameters)
    {
        var key = (parameters.Scale, parameters.ZeroPoint);
        if (!_parameters.TryGetValue(key, out var found))
        {
            var zero = Tensor.FromValues(scheme.Activations, [], [parameters.ZeroPoint]);
            found = (
                _graph.AddFreshInitializer("activation_scale", Tensor.FromValues(ElementType.Float, [], [parameters.Scale])),
                _graph.AddFreshInitializer("activation_zero_point", zero));
            _parameters.Add(key, found);
        }

        return found;
    }

    private Node Add(string opType, string output, IEnumerable<Value?> inputs, Node? before, params NodeAttribute[] attributes)
    {
        var name = _graph.FreshName(output);
        return _graph.AddNode(name, opType, inputs, [name], attributes, before: before);
    }
}
