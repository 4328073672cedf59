using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>
/// The values that do not depend on what is fed: initializers, Constant nodes, and what the shape-like operators make of them
/// (He's option A computes its paddings so). Evaluated on demand and remembered; the graph is not changed. Several threads may ask at once.
/// </summary>
internal sealed class ConstantValues
{
    // Of all that one model makes its weights of: a few bytes may claim to compute any number of them. The weights of a ResNet-152 fit
    // twice.
    private const long MostBytes = 512L << 20;

    // Of a tensor without elements. Loops over the lengths that it states would not end, and nobody needs what comes of them.
    private const double MostEmptyRows = 1 << 24;

    // Results on the way to a weight that take more are made anew where somebody asks for them, instead of being held.
    private const int MostBytesHeld = 1 << 16;

    private long _bytes;
    private readonly Dictionary<Value, Tensor?> _known;

    public ConstantValues() => _known = [];

    private ConstantValues(Dictionary<Value, Tensor?> known, long bytes) => (_known, _bytes) = (known, bytes);

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

            lock (_known)
            {
                if (!_known.TryGetValue(value, out var tensor))
                {
                    EvaluateFromAbove(value);
                    tensor = _known[value];
                }

                return tensor;
            }
        }
    }

    /// <summary>True if all that anybody reads of a node is constant.</summary>
    public bool IsConstant(Node node) =>
        node.Outputs.All(o =>
            o is null || this[o] is not null || (o.Uses.Count == 0 && !o.IsGraphOutput && this[node.Outputs[0]] is not null));

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

    /// <summary>The same of a copy of the graph, before it changes.</summary>
    internal ConstantValues CopyTo(CopyMap copyOf)
    {
        lock (_known)
        {
            return new ConstantValues(copyOf.Of(_known), _bytes);
        }
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
            var waitsFor = seen.Add(next) ? next.Producer!.Inputs.Where(i =>
                i is { IsInitializer: false, Producer: not null } && !_known.ContainsKey(i)).ToArray() : [];
            foreach (var input in waitsFor)
            {
                open.Push(input!);
            }

            if (waitsFor.Length == 0 && open.Pop() is var ready && _known.TryAdd(ready, null))
            {
                _known[ready] = RuleFault.NameIn(ready.Producer!, () => Evaluate(ready.Producer!, ready));
                ReleaseInputs(ready.Producer!);
            }
        }
    }

    /// <summary>
    /// Lets go of the large results that a node has read, where nobody else is going to: a standardized weight takes eight steps, each as
    /// large as the weight. Their types and sizes stay known.
    /// </summary>
    private void ReleaseInputs(Node node)
    {
        foreach (var input in node.Inputs.OfType<Value>().Distinct())
        {
            if (input is { IsInitializer: false, IsGraphOutput: false, Producer: { } producer } && IsElementwise(producer)
                && _known.GetValueOrDefault(input) is { } tensor
                    && tensor.Count * tensor.ElementType.SizeInBytes() is > MostBytesHeld and var bytes
                && input.Uses.All(u => !u.IsCapture && u.Node.Outputs.All(o => o is null || _known.GetValueOrDefault(o) is not null)))
            {
                _bytes -= bytes;
                _known[input] = new Tensor(tensor.ElementType, tensor.Dims, new Lazy<ReadOnlyMemory<byte>>(
                    () => Evaluate(producer, input)?.Data
                        ?? throw new UnsupportedModelException(
                            $"{producer}: the constants that it computes take more memory than is meant for them.")));
            }
        }
    }

    private static bool IsElementwise(Node node) =>
        node.Domain.Length == 0 && (ElementwiseConstants.IsUnary(node.OpType) || ElementwiseConstants.IsBinary(node.OpType));

    private Tensor? Evaluate(Node node, Value output)
    {
        if (node.Domain.Length > 0 || node.Outputs.Count == 0 || (node.Outputs[0] != output && node.OpType != "Split"))
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
                return node.Inputs.Select(i => this[i]).ToArray() is { Length: > 0 } parts && parts.All(p => p is not null && !IsVast(p))
                    ? Concat(node, parts!)
                    : null;
        }

        if (this[node.Input(0)] is not { } x || node.Inputs.Any(i => this[i] is { } operand && IsVast(operand)))
        {
            return null;
        }

        return node.OpType switch
        {
            "Identity" => x,
            "Cast" => Cast(x, (ElementType)node.Int("to", 0)),
            "Shape" => ShapeOf(node, x),
            "Reshape" => Reshape(node, x),
            "Flatten" => Flatten(x, (int)node.Int("axis", 1)),
            "Squeeze" => LongsOf(node, "axes", 1, out var known) is var axes && known ? Squeeze(x, axes) : null,
            "Unsqueeze" => LongsOf(node, "axes", 1, out _) is { } added ? Unsqueeze(x, added) : null,
            "Transpose" => Transpose(x, node.Ints("perm")),
            "Slice" => Slice(node, x),
            "Gather" when this[node.Input(1)] is { Rank: <= 1 } =>
                Longs(node.Input(1)) is { } indices ? Gather(x, (int)node.Int("axis", 0), indices, this[node.Input(1)]!.Rank) : null,
            "GatherElements" => this[node.Input(1)] is { ElementType: ElementType.Int64 or ElementType.Int32 } places
                && Affords(places.Dims, x.ElementType) ? x.TakeElements((int)node.Int("axis", 0), places) : null,
            "DequantizeLinear" or "QuantizeLinear" => Quantized(node, x),
            "Expand" =>
                Longs(node.Input(1)) is { } target
                    && ElementwiseConstants.BroadcastDims(x.Dims, target) is { } dims
                    && Affords(dims, x.ElementType) ? ElementwiseConstants.Spread(x, dims) : null,
            "Tile" => Longs(node.Input(1)) is { } repeats ? Tile(x, repeats) : null,
            "Split" => Split(node, x, output),
            "Dropout" => node.Input(2) is null && node.Outputs.Count == 1 ? x : null,
            "Sum" or "Max" or "Min" => Fold(node, x),
            "Where" => this[node.Input(1)] is { } then && this[node.Input(2)] is { } otherwise && AffordsBroadcast(x, then, otherwise)
                ? ElementwiseConstants.Where(x, then, otherwise)
                : null,
            "Clip" => Clip(node, x),
            "MatMul" =>
                this[node.Input(1)] is { } right && Affords([Math.Max(1, x.Dims[0]), right.Rank == 2 ? right.Dims[1] : 1], x.ElementType)
                    ? ReducedConstants.MatMul(x, right)
                    : null,
            "BatchNormalization" or "InstanceNormalization" or "LayerNormalization" or "MeanVarianceNormalization" or "LpNormalization" =>
                Affords(x.Dims, x.ElementType) && x.ElementType.IsFloatingPoint() && x.Rank > 0 ? Normalized(node, x) : null,
            _ when ReducedConstants.IsReduction(node.OpType) => Reduce(node, x),
            _ when ElementwiseConstants.IsUnary(node.OpType) =>
                Affords(x.Dims, x.ElementType) ? ElementwiseConstants.Unary(node.OpType, x) : null,
            _ when ElementwiseConstants.IsBinary(node.OpType) => Binary(node.OpType, x, this[node.Input(1)]),
            _ => null,
        };
    }

    private static Tensor ShapeOf(Node node, Tensor x)
    {
        int Place(long axis) => (int)Math.Clamp(axis < 0 ? axis + x.Rank : axis, 0, x.Rank);
        var (start, end) = (Place(node.Int("start", 0)), Place(node.Int("end", x.Rank)));
        return Tensor.Of([.. x.Dims.Take(end).Skip(start)], Math.Max(0, end - start));
    }

    private Tensor? Binary(string op, Tensor a, Tensor? b) =>
        b is not null && AffordsBroadcast(a, b) ? ElementwiseConstants.Binary(op, a, b) : null;

    private Tensor? Fold(Node node, Tensor first) =>
        node.Inputs.Skip(1).Aggregate((Tensor?)first, (sum, next) => sum is null ? null : Binary(node.OpType, sum, this[next]));

    private Tensor? Clip(Node node, Tensor x)
    {
        var (low, high) = (this[node.Input(1)], this[node.Input(2)]);
        if ((node.Input(1) is not null && low is null) || (node.Input(2) is not null && high is null) || !Affords(x.Dims, x.ElementType))
        {
            return null;
        }

        // Until opset 10 the bounds are attributes.
        return ElementwiseConstants.Clip(
            x,
            low ?? (node.Attribute("min") is null ? null : Tensor.Of([node.Float("min", 0)])),
            high ?? (node.Attribute("max") is null ? null : Tensor.Of([node.Float("max", 0)])));
    }

    private Tensor? Reduce(Node node, Tensor x)
    {
        var axes = LongsOf(node, "axes", 1, out var known);
        if (!known)
        {
            return null;
        }

        return axes is null or []
            ? node.Int("noop_with_empty_axes", 0) != 0 ? null : ReducedConstants.Reduce(node.OpType, x, null, node.Int("keepdims", 1) == 1)
            : ReducedConstants.Reduce(node.OpType, x, axes, node.Int("keepdims", 1) == 1);
    }

    private Tensor? Normalized(Node node, Tensor x)
    {
        long[] AllBut(params int[] kept) => [.. Enumerable.Range(0, x.Rank).Except(kept).Select(axis => (long)axis)];

        var epsilon = node.Float("epsilon", 1e-5f);
        switch (node.OpType)
        {
            case "MeanVarianceNormalization":
                return ReducedConstants.Standardize(x, node.Ints("axes") ?? [0, 2, 3], 1e-9);
            case "LpNormalization":
                return ReducedConstants.Reduce(
                    node.Int("p", 2) == 1 ? "ReduceL1" : "ReduceL2", x, [node.Int("axis", -1)], keepsDims: true) is { } norm
                    ? ElementwiseConstants.Binary("Div", x, norm)
                    : null;
        }

        var (scale, shift) = (this[node.Input(1)], this[node.Input(2)]);
        if (scale is null || (shift is null && node.Input(2) is not null))
        {
            return null;
        }

        switch (node.OpType)
        {
            case "LayerNormalization":
                var first = Axis(node.Int("axis", -1), x.Rank) ?? 0;
                var standard = ReducedConstants.Standardize(x, [.. Enumerable.Range(first, x.Rank - first).Select(a => (long)a)], epsilon);
                return standard is null || ElementwiseConstants.Binary("Mul", standard, scale) is not { } scaled ? null
                    : shift is null ? scaled : ElementwiseConstants.Binary("Add", scaled, shift);
            case "InstanceNormalization" when shift is not null:
                return ReducedConstants.Scale(ReducedConstants.Standardize(x, AllBut(0, 1), epsilon), scale, shift, 1);
            case "BatchNormalization" when shift is not null && node.Int("training_mode", 0) != 0:
                return ReducedConstants.Scale(ReducedConstants.Standardize(x, AllBut(1), epsilon), scale, shift, 1);
            case "BatchNormalization" when shift is not null && this[node.Input(3)] is { } mean && this[node.Input(4)] is { } variance:
                var (m, v, s) = (mean.ToDoubles(), variance.ToDoubles(), scale.ToDoubles());
                var factor = scale.WithValues([.. s.Select((value, i) => value / Math.Sqrt(v[i] + epsilon))], s.Length);
                var addend = scale.WithValues(
                    [.. shift.ToDoubles().Select((value, i) => value - (m[i] * s[i] / Math.Sqrt(v[i] + epsilon)))], s.Length);
                return ReducedConstants.Scale(x, factor, addend, 1);
            default:
                return null;
        }
    }

    private Tensor? Tile(Tensor x, long[] repeats)
    {
        if (repeats.Length != x.Rank || repeats.Any(r => r > int.MaxValue))
        {
            return null;
        }

        long[] dims = [.. x.Dims.SelectMany((d, i) => new[] { repeats[i], d })];
        return Affords(dims, x.ElementType)
            ? ElementwiseConstants.Spread(x.Reshape(x.Dims.SelectMany(d => new[] { 1, d })), dims)
                .Reshape(x.Dims.Select((d, i) => d * repeats[i]))
            : null;
    }

    private Tensor? Split(Node node, Tensor x, Value output)
    {
        if (Axis(node.Int("axis", 0), x.Rank) is not { } axis)
        {
            return null;
        }

        var lengths = LongsOf(node, "split", 1, out var known);
        var part = (x.Dims[axis] + node.Outputs.Count - 1) / node.Outputs.Count;
        lengths ??= [.. node.Outputs.Select((_, i) => Math.Clamp(x.Dims[axis] - (i * part), 0, part))];
        if (!known || lengths.Length != node.Outputs.Count || lengths.Any(l => l < 0 || l > x.Dims[axis])
            || lengths.Sum() != x.Dims[axis])
        {
            return null;
        }

        var at = node.Outputs.ToList().IndexOf(output);
        var start = (int)lengths.Take(at).Sum();
        return Affords(x.Dims.Select((d, i) => i == axis ? lengths[at] : d), x.ElementType)
            ? x.Take(axis, [.. Enumerable.Range(start, (int)lengths[at])])
            : null;
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
                case ("sparse_value", Tensor { HasBytes: true } dense): return dense;
            }
        }

        return null;
    }

    /// <summary>
    /// Takes the bytes of a computed tensor out of what the model has for all of them; false when they are not left, or when a length is
    /// negative.
    /// </summary>
    private bool Affords(IEnumerable<long> dims, ElementType type)
    {
        // In double precision, because lengths that a model states may multiply to any number.
        var (bytes, isLength) = ((double)type.SizeInBytes(), true);
        foreach (var dim in dims)
        {
            (bytes, isLength) = (bytes * dim, isLength && dim >= 0);
        }

        if (!isLength || !(bytes <= MostBytes - _bytes))
        {
            return false;
        }

        _bytes += (long)bytes;
        return true;
    }

    /// <summary>True if it has no elements, but other lengths beyond what loops over them should see.</summary>
    private static bool IsVast(Tensor tensor) =>
        tensor.Count == 0 && tensor.Dims.Aggregate(1.0, (rows, dim) => rows * Math.Max(dim, 1)) > MostEmptyRows;

    private bool AffordsBroadcast(params ReadOnlySpan<Tensor> operands)
    {
        long[]? dims = [];
        foreach (var operand in operands)
        {
            dims = dims is null ? null : ElementwiseConstants.BroadcastDims(dims, operand.Dims);
        }

        return dims is not null && Affords(dims, operands[^1].ElementType);
    }

    private Tensor? Splat(Node node, long[] dims)
    {
        var fill = node.Attribute("value")?.Value as Tensor ?? Tensor.Of([0f]);
        return fill is { HasBytes: true, Count: 1 } && Affords(dims, fill.ElementType)
            ? fill.Strided(dims, 0, new long[dims.Length])
            : null;
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

        return result.Length == Tensor.ElementCount(dims) * parts[0].ElementType.SizeInBytes()
            ? new Tensor(parts[0].ElementType, dims, result.ToArray())
            : null;
    }

    private Tensor? Cast(Tensor x, ElementType type)
    {
        if (x.ElementType == type)
        {
            return x;
        }

        var fromInteger = !x.ElementType.IsFloatingPoint();
        // Numbers that doubles hold exactly; larger integers are left to the runtime.
        return type is ElementType.Float or ElementType.Double or ElementType.Float16 or ElementType.BFloat16 or ElementType.Int32
            or ElementType.Int64
            && (x.ElementType.IsFloatingPoint()
                || x.ElementType is >= ElementType.UInt8 and <= ElementType.Int64 or ElementType.Bool or ElementType.UInt32)
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
        if (perm.Length != x.Rank
            || perm.Distinct().Count() != x.Rank
            || perm.Any(p => p < 0 || p >= x.Rank)
            || !Affords(x.Dims, x.ElementType))
        {
            return null;
        }

        return x.Transpose(Array.ConvertAll(perm, p => (int)p));
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
        var strides = Tensor.RowMajorStrides(x.Dims);
        var first = 0L;
        for (var i = 0; i < starts.Length; i++)
        {
            if (Axis(axes?[i] ?? i, x.Rank) is not { } axis
                || SliceRange.Of(starts[i], ends[i], steps?[i] ?? 1, x.Dims[axis]) is not { } range)
            {
                return null;
            }

            first += range.Start * strides[axis];
            strides[axis] *= range.Step;
            dims[axis] = range.Count;
        }

        return Affords(dims, x.ElementType) ? x.Strided(dims, first, strides) : null;
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

    private static int? Axis(long axis, int rank) => axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : null;
}
