using OnnxPrune.Graphs;

namespace OnnxPrune.Constants;

/// <summary>
/// Follows the integers that exporters compute from shapes (Shape → Gather → Concat → Reshape and the like), element by element,
/// so that it is known which of them hide a channel count. Evaluated on demand and remembered. Several threads may ask at once.
/// </summary>
/// <param name="shapes">Shapes that go before those that the values state; null for none.</param>
internal sealed class ShapeTerms(ConstantValues constants, IReadOnlyDictionary<Value, Shape>? shapes = null)
{
    private const int MostElements = 64;

    private const int MostTables = 8;

    private readonly Dictionary<Value, DimTerm[]?> _known = [];

    /// <summary>
    /// The elements of a scalar or vector; null when it is no result of shape arithmetic. Constants of at most 64 integers have terms as
    /// well.
    /// </summary>
    public DimTerm[]? this[Value? value]
    {
        get
        {
            if (value is null)
            {
                return null;
            }

            lock (_known)
            {
                if (!_known.TryGetValue(value, out var terms))
                {
                    _known[value] = null;
                    terms = Follow(value) is { Length: <= MostElements } few ? few : null;
                    _known[value] = terms;
                }

                return terms;
            }
        }
    }

    /// <summary>The same of a copy of the graph, before it changes.</summary>
    /// <param name="constants">The copy's.</param>
    internal ShapeTerms CopyTo(CopyMap copyOf, ConstantValues constants)
    {
        var copy = new ShapeTerms(constants, shapes is null ? null : copyOf.Of(shapes));
        lock (_known)
        {
            foreach (var (value, terms) in copyOf.Of(_known))
            {
                copy._known.Add(value, terms is null ? null : Array.ConvertAll(terms, t => t.CopyTo(copyOf)));
            }
        }

        return copy;
    }

    /// <summary>The numbers of a vector all of whose elements are known; null otherwise.</summary>
    public long[]? Known(Value? value) =>
        this[value] is { } terms && Array.TrueForAll(terms, t => t.Known is not null)
            ? Array.ConvertAll(terms, t => t.Known!.Value)
            : Constants.Longs(value);

    public ConstantValues Constants { get; } = constants;

    /// <summary>The shape of a value as far as it is known: of a constant, that of its content.</summary>
    public Shape? ShapeOf(Value value) => shapes?.GetValueOrDefault(value) is { IsKnown: true } given ? given
        : Constants[value] is { } constant ? new Shape(constant.Dims.Select(d => new Dim(d)))
        : shapes?.GetValueOrDefault(value) ?? value.Shape;

    /// <summary>A dimension of that length.</summary>
    public Dim DimOf(DimTerm length) => length switch
    {
        { Known: { } number } => new Dim(number),
        { IsPlain: true, Sources: [var source] } when ShapeOf(source.Value) is { } shape => shape[source.Axis],
        _ => Dim.Unknown,
    };

    private DimTerm[]? Follow(Value value)
    {
        if (Constants[value] is { } constant)
        {
            return constant switch
            {
                { Rank: > 1 } or { Count: > MostElements } => null,
                { ElementType: ElementType.Int64 or ElementType.Int32 or ElementType.Bool } =>
                    Array.ConvertAll(constant.ToLongs(), n => DimTerm.Constant(n)),
                // Fractions take part in the arithmetic (scales), but their numbers are not followed.
                { ElementType: ElementType.Float or ElementType.Double } =>
                    [.. Enumerable.Repeat(DimTerm.Constant(null), (int)constant.Count)],
                _ => null,
            };
        }

        var node = value.Producer;
        if (node is null || node.Domain.Length > 0)
        {
            return null;
        }

        if (node.OpType == "Split")
        {
            return Part(node, value);
        }

        if (node.Outputs[0] != value)
        {
            return null;
        }

        switch (node.OpType)
        {
            case "Shape":
                return Lengths(node);
            case "Size":
                return Lengths(node) is { } lengths ? [DimTerm.Computed(null, lengths)] : null;
            case "ConstantOfShape":
                return this[node.Input(0)] is [{ Known: >= 0 and <= MostElements and var count }]
                    ? [.. Enumerable.Repeat(
                        DimTerm.Constant((node.Attribute("value")?.Value as Tensor) is { ElementType: ElementType.Int64 } fill
                        ? fill.ToLongs()[0]
                        : null), (int)count)]
                    : null;
            case "Concat":
                return node.Inputs.Select(i =>
                    this[i]).ToArray() is var parts && parts.All(p => p is not null) ? [.. parts.SelectMany(p => p!)] : null;
        }

        if (node.OpType == "Reshape" && Constants.Longs(node.Input(1)) is [-1 or > 1] && Table(node.Input(0), MostTables) is { } table)
        {
            return table.Elements;
        }

        if (this[node.Input(0)] is not { } x)
        {
            return null;
        }

        switch (node.OpType)
        {
            case "Identity" or "Unsqueeze" or "Squeeze" or "Reshape" or "Flatten":
                return ShapeOf(value) is { Rank: > 1 } ? null : x;
            case "Cast":
                return (ElementType)node.Int("to", 0) is ElementType.Int64 or ElementType.Int32 ? x : Array.ConvertAll(x, t =>
                    t with { Known = IsWhole(node) ? t.Known : null });
            case "Gather":
                return Constants.Longs(node.Input(1)) is { } indices ? Pick(x, indices) : null;
            case "Slice":
                return Slice(node, x);
            case "Add" or "Sub" or "Mul" or "Div" or "Mod" or "Max" or "Min" or "Pow" or "Equal" or "Greater" or "Less":
                return this[node.Input(1)] is { } y
                    ? Combine(node.OpType, x, y, value.ElementType is ElementType.Int64 or ElementType.Int32)
                    : null;
            case "Floor" or "Ceil" or "Round":
                return x;
            case "Abs":
                // Exporters write it around the lengths of an Expand, among which -1 stands for what is there.
                return Array.ConvertAll(x, t =>
                    t is { Known: >= 0 } or { Known: null, IsPlain: true, Sources.Count: 1 }
                        ? t
                        : DimTerm.Computed(t.Known is { } known and > long.MinValue ? Math.Abs(known) : null, t));
            case "Sqrt" or "Neg" or "Reciprocal" or "Not":
                return Array.ConvertAll(x, t => DimTerm.Computed(null, t));
            case "ReduceProd" or "ReduceSum" or "ReduceMax" or "ReduceMin":
                return [DimTerm.Computed(null, x)];
            case "Where":
                return this[node.Input(1)] is { } yes && this[node.Input(2)] is { } no ? Choose(x, yes, no) : null;
            case "Expand":
                return x.Length == 1 && ShapeOf(value) is { Rank: 1 } list && list[0].Size is <= MostElements and var copies
                    ? [.. Enumerable.Repeat(x[0], (int)copies)]
                    : null;
            default:
                return null;
        }
    }

    /// <summary>
    /// The elements of a matrix, row by row: exporters turn the order of paddings around by Reshape to pairs, Slice and Transpose.
    /// </summary>
    /// <param name="steps">How many nodes are followed back at most.</param>
    private (DimTerm[] Elements, int Columns)? Table(Value? value, int steps)
    {
        if (value?.Producer is not { Domain: "" } node || node.Outputs[0] != value || steps == 0)
        {
            return null;
        }

        if (node.OpType == "Reshape")
        {
            return this[node.Input(0)] is { } list
                && Constants.Longs(node.Input(1)) is [var rows and not 0, > 0 and <= MostElements and var columns]
                && list.Length % columns == 0
                && (rows == -1 || rows == list.Length / columns)
                ? (list, (int)columns)
                : null;
        }

        if (node.OpType is not ("Slice" or "Transpose" or "Cast" or "Identity")
            || Table(node.Input(0), steps - 1) is not { Columns: > 0 } table)
        {
            return null;
        }

        var (x, width) = table;
        var height = x.Length / width;
        switch (node.OpType)
        {
            case "Transpose":
                return node.Ints("perm") is null or [1, 0]
                    ? ([.. Enumerable.Range(0, x.Length).Select(i => x[(i % height * width) + (i / height)])], height)
                    : null;
            case "Slice":
                return Constants.LongsOf(node, "axes", 3, out var known) is [0 or -2] && known && Rows(node, height) is { } rows
                    ? ([.. rows.SelectMany(row => x[(row * width)..((row + 1) * width)])], width)
                    : null;
            case "Cast" when (ElementType)node.Int("to", 0) is not (ElementType.Int64 or ElementType.Int32):
                return null;
            default:
                return (x, width);
        }
    }

    private static bool IsWhole(Node cast) => (ElementType)cast.Int("to", 0) is ElementType.Float or ElementType.Double;

    private DimTerm[]? Lengths(Node node)
    {
        if (node.Input(0) is not { } source || ShapeOf(source) is not { } shape)
        {
            return null;
        }

        var start = Clamp(node.Int("start", 0), shape.Rank);
        var end = Clamp(node.Int("end", shape.Rank), shape.Rank);
        return [.. Enumerable.Range(start, Math.Max(0, end - start)).Select(axis => DimTerm.LengthOf(source, axis, shape[axis]))];
    }

    /// <summary>The part of a list that is an output of Split: of the sizes stated, or of equal ones.</summary>
    private DimTerm[]? Part(Node node, Value value)
    {
        if (this[node.Input(0)] is not { } x)
        {
            return null;
        }

        var (part, parts) = (Enumerable.Range(0, node.Outputs.Count).First(i => node.Outputs[i] == value), node.Outputs.Count);
        var sizes = Constants.LongsOf(node, "split", 1, out var known)
            ?? (known && x.Length % parts == 0 ? [.. Enumerable.Repeat((long)(x.Length / parts), parts)] : null);
        return sizes?.Length == parts && sizes.All(s => s >= 0 && s <= x.Length) && sizes.Sum() == x.Length
            ? [.. x.Skip((int)sizes[..part].Sum()).Take((int)sizes[part])]
            : null;
    }

    private static int Clamp(long index, int rank) => (int)Math.Clamp(index < 0 ? index + rank : index, 0, rank);

    private static DimTerm[]? Pick(DimTerm[] x, long[] indices) =>
        indices.All(i => i >= -x.Length && i < x.Length) ? Array.ConvertAll(indices, i => x[i < 0 ? i + x.Length : i]) : null;

    private DimTerm[]? Slice(Node node, DimTerm[] x) => Rows(node, x.Length) is { } rows ? [.. rows.Select(i => x[i])] : null;

    /// <summary>The indices that a Slice takes of its first stated axis; null where that is not known.</summary>
    private int[]? Rows(Node node, int length)
    {
        var starts = Constants.LongsOf(node, "starts", 1, out _);
        var ends = Constants.LongsOf(node, "ends", 2, out _);
        var steps = Constants.LongsOf(node, "steps", 4, out var stepsKnown);
        if (starts is not [var start]
            || ends is not [var end]
            || !stepsKnown
            || SliceRange.Of(start, end, steps?[0] ?? 1, length) is not { } range)
        {
            return null;
        }

        return [.. Enumerable.Range(0, (int)range.Count).Select(i => (int)(range.Start + (i * range.Step)))];
    }

    /// <summary>Element by element, one of two where it is known which.</summary>
    private static DimTerm[]? Choose(DimTerm[] condition, DimTerm[] yes, DimTerm[] no)
    {
        var length = Math.Max(condition.Length, Math.Max(yes.Length, no.Length));
        if (new[] { condition, yes, no }.Any(t => t.Length != length && t.Length != 1))
        {
            return null;
        }

        DimTerm At(DimTerm[] terms, int i) => terms[terms.Length == 1 ? 0 : i];
        return [.. Enumerable.Range(0, length).Select(i => At(condition, i).Known switch
        {
            null => DimTerm.Computed(null, At(condition, i), At(yes, i), At(no, i)),
            0 => At(no, i),
            _ => At(yes, i),
        })];
    }

    private static DimTerm[]? Combine(string op, DimTerm[] x, DimTerm[] y, bool areIntegers)
    {
        if (x.Length != y.Length && x.Length != 1 && y.Length != 1)
        {
            return null;
        }

        return [.. Enumerable.Range(0, Math.Max(x.Length, y.Length)).Select(i =>
        {
            var (a, b) = (x[x.Length == 1 ? 0 : i], y[y.Length == 1 ? 0 : i]);
            return IsNeutral(op, b) ? a
                : op is "Mul" or "Add" && IsNeutral(op, a) ? b
                : DimTerm.Computed(op == "Equal" ? AreEqual(a, b) : Number(op, a.Known, b.Known, areIntegers), a, b);
        })];
    }

    /// <summary>True if the number behind the operator changes nothing.</summary>
    private static bool IsNeutral(string op, DimTerm term) =>
        term.Sources.Count == 0 && (op, term.Known) is ("Mul" or "Div", 1) or ("Add" or "Sub", 0);

    /// <summary>1 or 0; null where it is open. A length is never negative.</summary>
    private static long? AreEqual(DimTerm a, DimTerm b) => (a, b) switch
    {
        ({ Known: { } x }, { Known: { } y }) => x == y ? 1 : 0,
        ({ IsPlain: true, Sources.Count: 1 }, { Known: < 0 }) or ({ Known: < 0 }, { IsPlain: true, Sources.Count: 1 }) => 0,
        _ => null,
    };

    private static long? Number(string op, long? a, long? b, bool areIntegers) => op switch
    {
        "Add" => a + b,
        "Sub" => a - b,
        "Mul" => a * b,
        "Div" when a >= 0 && b > 0 && (areIntegers || a % b == 0) => a / b,
        "Mod" when a >= 0 && b > 0 => a % b,
        "Max" when a is not null && b is not null => Math.Max(a.Value, b.Value),
        "Min" when a is not null && b is not null => Math.Min(a.Value, b.Value),
        _ => null,
    };
}
