using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>
/// The values that do not depend on what is fed: initializers, Constant nodes, and what the shape-like operators make of them
/// (He's option A computes its paddings so). Evaluated on demand and remembered; the graph is not changed.
/// </summary>
public sealed class ConstantValues
{
    // Of all that one model makes its weights of: a few bytes may claim to compute any number of them. The weights of a ResNet-152 fit twice.
    private const long MostBytes = 512L << 20;

    private long _bytes;
    private readonly Dictionary<Value, Tensor?> _known = [];

    /// <summary>The value's content, or null when it is not constant, or made by an operator that is not evaluated here.</summary>
    public Tensor? this[Value? value]
    {
        get
        {
            if (value is null)
            {
                return null;
            }

            if (value.Initializer is { } initializer)
            {
                return initializer.HasBytes ? initializer : null;
            }

            if (value.Producer is null)
            {
                return null;
            }

            if (!_known.TryGetValue(value, out var tensor))
            {
                EvaluateFromAbove(value);
                tensor = _known[value];
            }

            return tensor;
        }
    }

    /// <summary>The integers of a small constant; null when it is not one.</summary>
    public long[]? Longs(Value? value) =>
        this[value] is { ElementType: ElementType.Int64 or ElementType.Int32, Count: <= 4096 } tensor ? tensor.ToLongs() : null;

    /// <summary>
    /// A list of integers that operators carry as an attribute in older operator sets and as an input in newer ones.
    /// Null when it is absent or not constant; see <paramref name="known"/>.
    /// </summary>
    public long[]? LongsOf(Node node, string attribute, int input, out bool known)
    {
        if (node.Input(input) is { } value)
        {
            var longs = Longs(value);
            known = longs is not null;
            return longs;
        }

        known = true;
        return node.Ints(attribute);
    }

    /// <summary>Forgets a computed value, because a rewrite changed what it is computed from.</summary>
    public void Forget(Value value) => _known.Remove(value);

    /// <summary>Evaluates what the value is computed from before the value itself: chains may be longer than the stack is deep.</summary>
    private void EvaluateFromAbove(Value value)
    {
        var open = new Stack<Value>([value]);
        var seen = new HashSet<Value>();
        while (open.TryPeek(out var next))
        {
            var waitsFor = seen.Add(next) ? next.Producer!.Inputs.Where(i => i is { IsInitializer: false, Producer: not null } && !_known.ContainsKey(i)).ToArray() : [];
            foreach (var input in waitsFor)
            {
                open.Push(input!);
            }

            if (waitsFor.Length == 0 && open.Pop() is var ready && _known.TryAdd(ready, null))
            {
                _known[ready] = RuleFault.NameIn(ready.Producer!, () => Evaluate(ready.Producer!, ready));
            }
        }
    }

    private Tensor? Evaluate(Node node, Value output)
    {
        if (node.Domain.Length > 0 || node.Outputs.Count == 0 || node.Outputs[0] != output)
        {
            return null;
        }

        switch (node.OpType)
        {
            case "Constant":
                return FromAttributes(node);
            case "ConstantOfShape":
                return Longs(node.Input(0)) is { } dims ? Splat(node, dims) : null;
            case "Concat":
                return node.Inputs.Select(i => this[i]).ToArray() is { Length: > 0 } parts && parts.All(p => p is not null)
                    ? Concat(node, parts!)
                    : null;
        }

        if (this[node.Input(0)] is not { } x)
        {
            return null;
        }

        return node.OpType switch
        {
            "Identity" => x,
            "Cast" => Cast(x, (ElementType)node.Int("to", 0)),
            "Shape" => Tensor.Of(x.Dims.ToArray()),
            "Reshape" => Reshape(node, x),
            "Flatten" => Flatten(x, (int)node.Int("axis", 1)),
            "Squeeze" => LongsOf(node, "axes", 1, out var known) is var axes && known ? Squeeze(x, axes) : null,
            "Unsqueeze" => LongsOf(node, "axes", 1, out _) is { } added ? Unsqueeze(x, added) : null,
            "Transpose" => Transpose(x, node.Ints("perm")),
            "Slice" => Slice(node, x),
            "Gather" when this[node.Input(1)] is { Rank: <= 1 } => Longs(node.Input(1)) is { } indices ? Gather(x, (int)node.Int("axis", 0), indices, this[node.Input(1)]!.Rank) : null,
            "DequantizeLinear" or "QuantizeLinear" => Quantized(node, x),
            "Add" or "Sub" or "Mul" or "Div" => Arithmetic(node.OpType, x, this[node.Input(1)]),
            _ => null,
        };
    }

    private Tensor? Quantized(Node node, Tensor x)
    {
        var zero = this[node.Input(2)];
        if (this[node.Input(1)] is not { } scale || (node.Input(2) is not null && zero is null) || node.Int("block_size", 0) != 0)
        {
            return null;
        }

        return node.OpType == "QuantizeLinear"
            ? Quantization.Quantize(x, scale, zero, node.Int("axis", 1))
            : Quantization.Dequantize(x, scale, zero, node.Int("axis", 1));
    }

    private static Tensor? FromAttributes(Node node)
    {
        if (node.Attribute("value")?.Value is Tensor tensor)
        {
            return tensor.HasBytes ? tensor : null;
        }

        foreach (var attribute in node.Attributes)
        {
            switch (attribute.Name, attribute.Value)
            {
                case ("value_int", long i): return new Tensor(ElementType.Int64, [], BitConverter.GetBytes(i));
                case ("value_float", float f): return new Tensor(ElementType.Float, [], BitConverter.GetBytes(f));
                case ("value_ints", long[] ints): return Tensor.Of(ints, ints.Length);
                case ("value_floats", float[] floats): return Tensor.Of(floats, floats.Length);
            }
        }

        return null;
    }

    /// <summary>Takes the bytes of a computed tensor out of what the model has for all of them; false when they are not left.</summary>
    private bool Affords(IEnumerable<long> dims, ElementType type)
    {
        var bytes = checked(Tensor.ElementCount(dims) * type.SizeInBytes());
        if (bytes > MostBytes - _bytes)
        {
            return false;
        }

        _bytes += bytes;
        return true;
    }

    private Tensor? Splat(Node node, long[] dims)
    {
        var fill = node.Attribute("value")?.Value as Tensor ?? Tensor.Of([0f]);
        return fill is { HasBytes: true, Count: 1 } && Affords(dims, fill.ElementType) ? Strided.Copy(fill, dims, 0, new long[dims.Length]) : null;
    }

    private Tensor? Concat(Node node, Tensor[] parts)
    {
        var axis = Axis(node.Int("axis", 0), parts[0].Rank);
        if (parts.Any(p => p.Rank != parts[0].Rank || p.ElementType != parts[0].ElementType) || axis is not { } at)
        {
            return null;
        }

        var dims = parts[0].Dims.ToArray();
        dims[at] = parts.Sum(p => p.Dims[at]);
        if (!Affords(dims, parts[0].ElementType))
        {
            return null;
        }

        var outer = dims.Take(at).Aggregate(1L, (a, b) => a * b);
        var result = new MemoryStream();
        for (var o = 0; o < outer; o++)
        {
            foreach (var part in parts)
            {
                var row = (int)(part.Data.Length / Math.Max(outer, 1));
                result.Write(part.Data.Span.Slice(o * row, row));
            }
        }

        return result.Length == Tensor.ElementCount(dims) * parts[0].ElementType.SizeInBytes() ? new Tensor(parts[0].ElementType, dims, result.ToArray()) : null;
    }

    private Tensor? Cast(Tensor x, ElementType type)
    {
        if (x.ElementType == type)
        {
            return x;
        }

        var fromInteger = !x.ElementType.IsFloatingPoint();
        // Numbers that doubles hold exactly; larger integers are left to the runtime.
        return type is ElementType.Float or ElementType.Double or ElementType.Float16 or ElementType.BFloat16 or ElementType.Int32 or ElementType.Int64
            && (x.ElementType.IsFloatingPoint() || x.ElementType is ElementType.Int32 or ElementType.Int64)
            && (!fromInteger || x.ToLongs().All(v => Math.Abs((double)v) < 1L << 53))
            && Affords(x.Dims, type)
            ? x.WithType(type)
            : null;
    }

    private Tensor? Reshape(Node node, Tensor x)
    {
        var target = node.Input(1) is null ? node.Ints("shape") : Longs(node.Input(1));
        if (target is null)
        {
            return null;
        }

        var dims = target.Select((d, i) => d == 0 && node.Int("allowzero", 0) == 0 && i < x.Rank ? x.Dims[i] : d).ToArray();
        var open = Array.IndexOf(dims, -1);
        if (open >= 0)
        {
            var others = dims.Where(d => d != -1).Aggregate(1L, (a, b) => a * b);
            dims[open] = others == 0 ? 0 : x.Count / others;
        }

        return dims.All(d => d >= 0) && Tensor.ElementCount(dims) == x.Count ? x.Reshape(dims) : null;
    }

    private static Tensor? Flatten(Tensor x, int axis)
    {
        var at = axis < 0 ? axis + x.Rank : axis;
        return at < 0 || at > x.Rank ? null : x.Reshape(Tensor.ElementCount(x.Dims.Take(at)), Tensor.ElementCount(x.Dims.Skip(at)));
    }

    private static Tensor Squeeze(Tensor x, long[]? axes) => x.Reshape(x.Dims.Where((d, i) =>
        axes is null ? d != 1 : !axes.Contains(i) && !axes.Contains(i - x.Rank)));

    private static Tensor? Unsqueeze(Tensor x, long[] axes)
    {
        var rank = x.Rank + axes.Length;
        var dims = x.Dims.ToList();
        foreach (var axis in axes.Select(a => a < 0 ? a + rank : a).Order())
        {
            if (axis < 0 || axis > dims.Count)
            {
                return null;
            }

            dims.Insert((int)axis, 1);
        }

        return x.Reshape(dims);
    }

    private Tensor? Transpose(Tensor x, long[]? perm)
    {
        perm ??= [.. Enumerable.Range(0, x.Rank).Select(i => (long)(x.Rank - 1 - i))];
        if (perm.Length != x.Rank || perm.Distinct().Count() != x.Rank || perm.Any(p => p < 0 || p >= x.Rank) || !Affords(x.Dims, x.ElementType))
        {
            return null;
        }

        var strides = Strided.RowMajor(x.Dims);
        return Strided.Copy(x, [.. perm.Select(p => x.Dims[(int)p])], 0, [.. perm.Select(p => strides[p])]);
    }

    private Tensor? Slice(Node node, Tensor x)
    {
        var starts = LongsOf(node, "starts", 1, out _);
        var ends = LongsOf(node, "ends", 2, out _);
        var axes = LongsOf(node, "axes", 3, out var axesKnown);
        var steps = LongsOf(node, "steps", 4, out var stepsKnown);
        if (starts is null || ends is null || !axesKnown || !stepsKnown)
        {
            return null;
        }

        var dims = x.Dims.ToArray();
        var strides = Strided.RowMajor(x.Dims);
        var first = 0L;
        for (var i = 0; i < starts.Length; i++)
        {
            if (Axis(axes?[i] ?? i, x.Rank) is not { } axis || SliceRange.Of(starts[i], ends[i], steps?[i] ?? 1, x.Dims[axis]) is not { } range)
            {
                return null;
            }

            first += range.Start * strides[axis];
            strides[axis] *= range.Step;
            dims[axis] = range.Count;
        }

        return Affords(dims, x.ElementType) ? Strided.Copy(x, dims, first, strides) : null;
    }

    private Tensor? Gather(Tensor x, int axis, long[] indices, int indexRank)
    {
        if (Axis(axis, x.Rank) is not { } at || indices.Any(i => i < -x.Dims[at] || i >= x.Dims[at]))
        {
            return null;
        }

        if (!Affords(x.Dims.Select((d, i) => i == at ? indices.Length : d), x.ElementType))
        {
            return null;
        }

        var taken = x.Take(at, indices.Select(i => (int)(i < 0 ? i + x.Dims[at] : i)).ToArray());
        return indexRank == 0 ? taken.Reshape(taken.Dims.Where((_, i) => i != at)) : taken;
    }

    private static Tensor? Arithmetic(string op, Tensor a, Tensor? b)
    {
        if (b is null || a.ElementType != ElementType.Int64 || b.ElementType != ElementType.Int64 || (a.Count != b.Count && a.Count != 1 && b.Count != 1) || a.Count > 4096 || b.Count > 4096)
        {
            return null;
        }

        var (x, y) = (a.ToLongs(), b.ToLongs());
        var result = new long[Math.Max(x.Length, y.Length)];
        for (var i = 0; i < result.Length; i++)
        {
            var (u, v) = (x[x.Length == 1 ? 0 : i], y[y.Length == 1 ? 0 : i]);
            if (op == "Div" && v == 0)
            {
                return null;
            }

            result[i] = op switch { "Add" => u + v, "Sub" => u - v, "Mul" => u * v, _ => u / v };
        }

        return Tensor.Of(result, [.. (x.Length >= y.Length ? a : b).Dims]);
    }

    private static int? Axis(long axis, int rank) => axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : null;

}
