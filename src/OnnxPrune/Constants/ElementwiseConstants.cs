using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>
/// Elementwise operators on constants, with NumPy's broadcasting: what weight normalization, weight standardization, masks and fake
/// quantization make of stored weights. Each operator rounds its result to the element type, as the runtime does.
/// </summary>
internal static class ElementwiseConstants
{
    private static readonly Dictionary<string, Func<double, double>> s_unary = new()
    {
        ["Abs"] = Math.Abs,
        ["Neg"] = x => -x,
        ["Sqrt"] = Math.Sqrt,
        ["Reciprocal"] = x => 1 / x,
        ["Exp"] = Math.Exp,
        ["Log"] = Math.Log,
        ["Sin"] = Math.Sin,
        ["Cos"] = Math.Cos,
        ["Tanh"] = Math.Tanh,
        ["Sigmoid"] = x => 1 / (1 + Math.Exp(-x)),
        ["Softplus"] = x => Math.Log(1 + Math.Exp(x)),
        ["Relu"] = x => Math.Max(x, 0),
        ["Floor"] = Math.Floor,
        ["Ceil"] = Math.Ceiling,
        ["Round"] = x => Math.Round(x, MidpointRounding.ToEven),
        ["Sign"] = x => double.IsNaN(x) ? x : Math.Sign(x),
    };

    private static readonly Dictionary<string, Func<double, double, double>> s_binary = new()
    {
        ["Add"] = (a, b) => a + b,
        ["Sum"] = (a, b) => a + b,
        ["Sub"] = (a, b) => a - b,
        ["Mul"] = (a, b) => a * b,
        ["Div"] = (a, b) => a / b,
        ["Pow"] = Math.Pow,
        ["Max"] = Math.Max,
        ["Min"] = Math.Min,
    };

    public static bool IsUnary(string op) => s_unary.ContainsKey(op);

    public static bool IsBinary(string op) => s_binary.ContainsKey(op) || op == "Mod";

    /// <returns>Null for other types than floating-point numbers.</returns>
    public static Tensor? Unary(string op, Tensor x) => x.ElementType.IsFloatingPoint() ? Map(x, s_unary[op]) : null;

    /// <returns>Null for other types than floating-point numbers, and for bounds that are no single number.</returns>
    public static Tensor? Clip(Tensor x, Tensor? low, Tensor? high)
    {
        if (!x.ElementType.IsFloatingPoint() || low is { Count: not 1 } || high is { Count: not 1 })
        {
            return null;
        }

        var (from, to) = (low?.ToDoubles()[0] ?? double.NegativeInfinity, high?.ToDoubles()[0] ?? double.PositiveInfinity);
        return Map(x, v => Math.Min(Math.Max(v, from), to));
    }

    /// <summary>
    /// Two operands of one type. Integers wrap around as the runtime's do; a division by zero, or one whose result the type does not hold,
    /// is left to whoever dares.
    /// </summary>
    /// <returns>Null where the types differ or are neither floating-point numbers nor 32 or 64-bit integers, or the shapes do not
    /// broadcast.</returns>
    public static Tensor? Binary(string op, Tensor a, Tensor b)
    {
        // The exponent alone may have a type of its own.
        if (op == "Pow" && a.ElementType.IsFloatingPoint() && b.ElementType != a.ElementType)
        {
            b = b.HasBytes && IsNumber(b.ElementType) ? b.WithType(a.ElementType) : b;
        }

        if (a.ElementType != b.ElementType || BroadcastDims(a.Dims, b.Dims) is not { } dims)
        {
            return null;
        }

        if (a.ElementType.IsFloatingPoint())
        {
            return s_binary.GetValueOrDefault(op) is { } combine ? Combine(a, b, dims, combine) : null;
        }

        return a.ElementType is ElementType.Int64 or ElementType.Int32 ? CombineIntegers(op, a, b, dims) : null;
    }

    /// <summary>Y[i] = condition[i] ? a[i] : b[i].</summary>
    public static Tensor? Where(Tensor condition, Tensor a, Tensor b)
    {
        if (condition.ElementType != ElementType.Bool || a.ElementType != b.ElementType || !a.ElementType.IsFloatingPoint()
            || BroadcastDims(a.Dims, b.Dims) is not { } both || BroadcastDims(both, condition.Dims) is not { } dims)
        {
            return null;
        }

        var (c, x, y) = (Spread(condition, dims).Data.ToArray(), Spread(a, dims).ToDoubles(), Spread(b, dims).ToDoubles());
        for (var i = 0; i < x.Length; i++)
        {
            x[i] = c[i] != 0 ? x[i] : y[i];
        }

        return a.WithValues(x, dims);
    }

    /// <summary>The tensor repeated to these dimensions; those that it has must broadcast to them.</summary>
    public static Tensor Spread(Tensor x, long[] dims)
    {
        if (x.Dims.SequenceEqual(dims))
        {
            return x;
        }

        var own = Tensor.RowMajorStrides(x.Dims);
        var strides = new long[dims.Length];
        for (var axis = 0; axis < x.Rank; axis++)
        {
            strides[dims.Length - x.Rank + axis] = x.Dims[axis] == 1 ? 0 : own[axis];
        }

        return x.Strided(dims, 0, strides);
    }

    /// <returns>Null where the two do not broadcast.</returns>
    public static long[]? BroadcastDims(IReadOnlyList<long> a, IReadOnlyList<long> b)
    {
        var dims = new long[Math.Max(a.Count, b.Count)];
        for (var i = 1; i <= dims.Length; i++)
        {
            var (u, v) = (i <= a.Count ? a[^i] : 1, i <= b.Count ? b[^i] : 1);
            if (u != v && u != 1 && v != 1)
            {
                return null;
            }

            dims[^i] = u == 1 ? v : u;
        }

        return dims;
    }

    private static bool IsNumber(ElementType type) => type.IsFloatingPoint() || type is ElementType.Int32 or ElementType.Int64;

    private static Tensor Map(Tensor x, Func<double, double> f) => x.WithValues(Array.ConvertAll(x.ToDoubles(), v => f(v)), [.. x.Dims]);

    private static Tensor Combine(Tensor a, Tensor b, long[] dims, Func<double, double, double> f)
    {
        // A single number is not repeated.
        var (x, y) =
            (a.Count == 1 ? a.ToDoubles() : Spread(a, dims).ToDoubles(), b.Count == 1 ? b.ToDoubles() : Spread(b, dims).ToDoubles());
        var result = new double[Tensor.ElementCount(dims)];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = f(x[x.Length == 1 ? 0 : i], y[y.Length == 1 ? 0 : i]);
        }

        return Tensor.FromValues(a.ElementType, dims, result);
    }

    private static Tensor? CombineIntegers(string op, Tensor a, Tensor b, long[] dims)
    {
        var (x, y) = (Spread(a, dims).ToLongs(), Spread(b, dims).ToLongs());
        var (isLong, lowest) = a.ElementType == ElementType.Int64 ? (true, long.MinValue) : (false, int.MinValue);
        for (var i = 0; i < x.Length; i++)
        {
            if (op is "Div" or "Mod" && (y[i] == 0 || (y[i] == -1 && x[i] == lowest)))
            {
                return null;
            }

            switch (op)
            {
                case "Add" or "Sum": x[i] += y[i]; break;
                case "Sub": x[i] -= y[i]; break;
                case "Mul": x[i] *= y[i]; break;
                case "Div": x[i] /= y[i]; break;
                case "Mod": x[i] = ((x[i] % y[i]) + y[i]) % y[i]; break;
                case "Max": x[i] = Math.Max(x[i], y[i]); break;
                case "Min": x[i] = Math.Min(x[i], y[i]); break;
                default: return null;
            }
        }

        return isLong
            ? new Tensor(ElementType.Int64, dims, System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(x).ToArray())
            : new Tensor(ElementType.Int32, dims, System.Runtime.InteropServices.MemoryMarshal.AsBytes<int>(
                Array.ConvertAll(x, v => unchecked((int)v))).ToArray());
    }
}
