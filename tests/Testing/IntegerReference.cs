using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Testing;

/// <summary>
/// Computes a network of QuantizeLinear and DequantizeLinear in whole numbers: products are summed exactly, and only the step to the next
/// scale rounds. Each layer is judged by what the runtime itself fed it, so that differences do not add up from layer to layer.
/// </summary>
internal sealed class IntegerReference
{
    private readonly Model _model;
    private readonly ConstantValues _constants = new();
    private readonly IReadOnlyDictionary<string, Tensor> _recorded;
    private readonly Dictionary<Value, (double[] Values, long[] Dims)> _known = [];
    private readonly Dictionary<Value, Tensor> _delegated = [];

    private IntegerReference(Model model, IReadOnlyDictionary<string, Tensor> recorded) => (_model, _recorded) = (model, recorded);

    /// <summary>
    /// Runs the network unoptimized, and gives for each of its QuantizeLinear how many steps of the output's scale it is off at most.
    /// </summary>
    public static IReadOnlyDictionary<string, long> Steps(Model model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        var looked = model.Clone();
        foreach (var node in looked.Graph.Nodes.Where(IsInteger).ToArray())
        {
            if (!node.Output.IsGraphOutput)
            {
                looked.Graph.AddOutput(node.Output);
            }
        }

        using var session = OnnxSession.Open(looked, SessionSettings.Plain);
        var recorded = session.Run(inputs).Concat(inputs).ToDictionary(r => r.Key, r => r.Value);
        var reference = new IntegerReference(model, recorded);
        return model.Graph.Nodes.Where(n => n.OpType == "QuantizeLinear").ToDictionary(n => n.Label, reference.StepsOf);
    }

    private static bool IsInteger(Node node) =>
        node.OpType == "QuantizeLinear" || (node.OpType == "Pad" && node.Required(0).Producer is { OpType: "QuantizeLinear" or "Pad" });

    private long StepsOf(Node quantize)
    {
        var (values, _) = Real(quantize.Required(0));
        var (scale, zero) = (_constants[quantize.Input(1)]!.ToDoubles()[0], _constants[quantize.Input(2)]!);
        var (low, high) = zero.ElementType == ElementType.UInt8 ? (0, 255) : (-128, 127);
        var found = _recorded[quantize.Output.Name].ToLongs();
        return values.Zip(found, (v, f) => Math.Abs((long)Math.Clamp(Math.Round(v / scale) + zero.ToLongs()[0], low, high) - f)).Max();
    }

    /// <summary>The numbers of a value.</summary>
    private (double[] Values, long[] Dims) Real(Value value)
    {
        if (!_known.TryGetValue(value, out var known))
        {
            _known.Add(value, known = Compute(value));
        }

        return known;
    }

    private (double[] Values, long[] Dims) Compute(Value value)
    {
        if (value.Producer is null || _constants[value] is not null)
        {
            var tensor = _constants[value] ?? _recorded[value.Name];
            return (tensor.ToDoubles(), [.. tensor.Dims]);
        }

        var node = value.Producer;
        switch (node.OpType)
        {
            case "DequantizeLinear":
                var stored = Stored(value);
                return ([.. stored.Whole.Select((q, i) => q * stored.ScaleAt(i))], stored.Dims);
            case "Conv":
                return Conv(node);
            case "Gemm" or "MatMul":
                return Product(node);
            case "Add" or "Mul" when Real(node.Required(0)) is var a && Real(node.Required(1)) is var b && a.Dims.SequenceEqual(b.Dims):
                return ([.. a.Values.Zip(b.Values, (x, y) => node.OpType == "Add" ? x + y : x * y)], a.Dims);
            case "Relu":
                return (Array.ConvertAll(Real(node.Required(0)).Values, x => Math.Max(x, 0)), Real(node.Required(0)).Dims);
            case "GlobalAveragePool":
                var pooled = Real(node.Required(0));
                var positions = (int)pooled.Dims.Skip(2).Aggregate(1L, (p, d) => p * d);
                return ([.. pooled.Values.Chunk(positions).Select(c =>
                    c.Average())], [.. pooled.Dims.Take(2), .. pooled.Dims.Skip(2).Select(_ => 1L)]);
            default:
                return Delegate(node, value);
        }
    }

    /// <summary>Whole numbers without zero point, and their scales.</summary>
    private Integers Stored(Value dequantized)
    {
        var node = dequantized.Producer!;
        var stored = _constants[node.Required(0)] ?? _recorded[node.Required(0).Name];
        var (scales, zeros) = (_constants[node.Input(1)]!.ToDoubles(), _constants[node.Input(2)]!.ToLongs());
        var inner = scales.Length == 1 ? stored.Count : stored.Dims.Skip((int)node.Int("axis", 1) + 1).Aggregate(1L, (a, b) => a * b);
        return new Integers(
            [.. stored.ToLongs().Select((q, i) => q - zeros[(int)(i / inner % zeros.Length)])], scales, inner, [.. stored.Dims]);
    }

    /// <summary>Windows of two axes or of one, with groups, strides, dilations and pads.</summary>
    private (double[] Values, long[] Dims) Conv(Node node)
    {
        var (x, w) = (Stored(node.Required(0)), Stored(node.Required(1)));
        var bias = node.Input(2) is { } b ? Stored(b).Whole : null;
        var axes = x.Dims.Length - 2;
        long[] strides = node.Ints("strides") ?? [.. Enumerable.Repeat(1L, axes)],
        dilations = node.Ints("dilations") ?? [.. Enumerable.Repeat(1L, axes)], pads = node.Ints("pads") ?? new long[2 * axes];
        var (kernel, size, group) = (w.Dims[2..], x.Dims[2..], (int)node.Int("group", 1));
        var made = Enumerable.Range(0, axes)
            .Select(a => ((size[a] + pads[a] + pads[a + axes] - (dilations[a] * (kernel[a] - 1)) - 1) / strides[a]) + 1)
            .ToArray();
        var (outputs, perGroup) = ((int)w.Dims[0], (int)w.Dims[1]);
        var values = new List<double>();
        for (var n = 0L; n < x.Dims[0]; n++)
        {
            for (var m = 0; m < outputs; m++)
            {
                foreach (var at in Places(made))
                {
                    var sum = bias?[m] ?? 0;
                    for (var c = 0; c < perGroup; c++)
                    {
                        foreach (var tap in Places(kernel))
                        {
                            var from = at.Select((p, a) => (p * strides[a]) + (tap[a] * dilations[a]) - pads[a]).ToArray();
                            if (from.Select((f, a) => f >= 0 && f < size[a]).All(inside => inside))
                            {
                                var channel = (m / (outputs / group) * perGroup) + c;
                                sum += x.Whole[At([n, channel, .. from], x.Dims)] * w.Whole[At([m, c, .. tap], w.Dims)];
                            }
                        }
                    }

                    values.Add(sum * x.Scales[0] * w.Scales[m]);
                }
            }
        }

        return ([.. values], [x.Dims[0], outputs, .. made]);
    }

    private (double[] Values, long[] Dims) Product(Node node)
    {
        var (x, w) = (Stored(node.Required(0)), Stored(node.Required(1)));
        var bias = node.OpType == "Gemm" && node.Input(2) is { } b ? Stored(b).Whole : null;
        var transposed = node.OpType == "Gemm" && node.Int("transB", 0) != 0;
        var (inputs, outputs) = transposed ? (w.Dims[1], w.Dims[0]) : (w.Dims[0], w.Dims[1]);
        var values = new double[x.Whole.Length / inputs * outputs];
        for (var i = 0; i < values.Length; i++)
        {
            var (row, m) = (i / outputs, i % outputs);
            var sum = bias?[(int)m] ?? 0;
            for (var k = 0L; k < inputs; k++)
            {
                sum += x.Whole[(row * inputs) + k] * w.Whole[transposed ? (m * inputs) + k : (k * outputs) + m];
            }

            values[i] = sum * x.Scales[0] * w.Scales[m];
        }

        return (values, [.. x.Dims[..^1], outputs]);
    }

    /// <summary>Moves numbers, or computes with floats: the runtime does it, node by node.</summary>
    private (double[] Values, long[] Dims) Delegate(Node node, Value value)
    {
        var read = node.Inputs.OfType<Value>().Where(i => _constants[i] is null).Distinct().ToArray();
        var part = SubmodelBuilder.Extract(_model, read, [value]);
        using var session = OnnxSession.Open(part.ToBytes(), _model.Folder, SessionSettings.Plain);
        var result = session.Run(read.ToDictionary(r => r.Name, Single))[value.Name];
        _delegated[value] = result;
        return (result.ToDoubles(), [.. result.Dims]);
    }

    private Tensor Single(Value value)
    {
        if (_recorded.TryGetValue(value.Name, out var recorded))
        {
            return recorded;
        }

        var (values, dims) = Real(value);
        return _delegated.GetValueOrDefault(value) ?? Tensor.FromValues(value.ElementType, dims, values);
    }

    private static IEnumerable<long[]> Places(long[] sizes)
    {
        var count = sizes.Aggregate(1L, (a, b) => a * b);
        for (var i = 0L; i < count; i++)
        {
            var (place, rest) = (new long[sizes.Length], i);
            for (var axis = sizes.Length - 1; axis >= 0; axis--)
            {
                (place[axis], rest) = (rest % sizes[axis], rest / sizes[axis]);
            }

            yield return place;
        }
    }

    private static long At(long[] place, long[] dims) => place.Zip(dims).Aggregate(0L, (at, p) => (at * p.Second) + p.First);

    private sealed record Integers(long[] Whole, double[] Scales, long Inner, long[] Dims)
    {
        public double ScaleAt(int i) => Scales[(int)(i / Inner % Scales.Length)];
    }
}
