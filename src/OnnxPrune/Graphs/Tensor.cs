using System.Runtime.InteropServices;

namespace OnnxPrune.Graphs;

/// <summary>
/// A constant array: element type, dimensions and little-endian, row-major bytes. Immutable. The bytes may be loaded on
/// first access (external data, typed protobuf fields), which fails with <see cref="BrokenModelException"/> when they are not there.
/// </summary>
internal sealed partial class Tensor
{
    private readonly Lazy<ReadOnlyMemory<byte>> _data;

    public Tensor(ElementType elementType, IEnumerable<long> dims, ReadOnlyMemory<byte> data)
        : this(elementType, dims, new Lazy<ReadOnlyMemory<byte>>(() => data))
    {
        if (data.Length != checked(Count * elementType.SizeInBytes()))
        {
            throw new ArgumentException(
                $"A {elementType} tensor of [{string.Join(", ", Dims)}] takes {Count * elementType.SizeInBytes()} bytes, not "
                    + $"{data.Length}.");
        }
    }

    /// <param name="data">Called once; must give exactly <see cref="Count"/> elements.</param>
    public Tensor(ElementType elementType, IEnumerable<long> dims, Lazy<ReadOnlyMemory<byte>> data)
    {
        ElementType = elementType;
        Dims = [.. dims];
        Count = ElementCount(Dims);
        _data = data;
    }

    public ElementType ElementType { get; }

    public IReadOnlyList<long> Dims { get; }

    public int Rank => Dims.Count;

    /// <summary>The number of elements: the product of the dimensions.</summary>
    public long Count { get; }

    /// <summary>True if <see cref="Data"/> can be read: false for strings and for elements smaller than a byte.</summary>
    public bool HasBytes => ElementType.SizeInBytes() > 0;

    public ReadOnlyMemory<byte> Data => _data.Value;

    public static Tensor Of(ReadOnlySpan<long> values, params ReadOnlySpan<long> dims) =>
        new(ElementType.Int64, dims.Length == 0 ? [values.Length] : dims.ToArray(), MemoryMarshal.AsBytes(values).ToArray());

    public static Tensor Of(ReadOnlySpan<float> values, params ReadOnlySpan<long> dims) =>
        new(ElementType.Float, dims.Length == 0 ? [values.Length] : dims.ToArray(), MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The elements, reinterpreted and not converted.</summary>
    public ReadOnlySpan<T> As<T>() where T : unmanaged => MemoryMarshal.Cast<byte, T>(Data.Span);

    /// <summary>The elements as doubles, converted from any numeric type.</summary>
    /// <exception cref="NotSupportedException">The element type is not numeric.</exception>
    public double[] ToDoubles() => TensorConversion.ToDoubles(this);

    /// <summary>The elements as floats, converted from any numeric type.</summary>
    /// <exception cref="NotSupportedException">The element type is not numeric.</exception>
    public float[] ToFloats() => TensorConversion.ToFloats(this);

    /// <summary>The elements as integers, converted from any numeric type and truncated towards zero.</summary>
    /// <exception cref="NotSupportedException">The element type is not numeric.</exception>
    public long[] ToLongs() => TensorConversion.ToLongs(this);

    /// <summary>A tensor of the same element type with other values, converted from doubles.</summary>
    public Tensor WithValues(ReadOnlySpan<double> values, params ReadOnlySpan<long> dims) =>
        TensorConversion.FromDoubles(ElementType, dims.Length == 0 ? [.. Dims] : dims.ToArray(), values);

    /// <summary>A tensor of these values; a scalar where there are no dimensions.</summary>
    /// <exception cref="NotSupportedException">No values can be written to this type.</exception>
    public static Tensor FromValues(ElementType type, IEnumerable<long> dims, ReadOnlySpan<double> values) =>
        TensorConversion.FromDoubles(type, [.. dims], values);

    /// <summary>The same values in another numeric element type.</summary>
    public Tensor WithType(ElementType type) => TensorConversion.FromDoubles(type, [.. Dims], ToDoubles());

    /// <summary>The same elements under other dimensions of the same product.</summary>
    public Tensor Reshape(params IEnumerable<long> dims) => new(ElementType, dims, Data);

    /// <summary>
    /// The tensor with only the kept indices of <paramref name="axis"/>, in their order. The one place where a tensor is sliced,
    /// for every element type of whole bytes; cost: one copy of the result.
    /// </summary>
    public Tensor Take(int axis, ReadOnlySpan<int> indices)
    {
        var length = checked((int)Dims[axis]);
        var inner = checked((int)(Dims.Skip(axis + 1).Aggregate(1L, (a, b) => checked(a * b)) * ElementType.SizeInBytes()));
        var outer = checked((int)Dims.Take(axis).Aggregate(1L, (a, b) => checked(a * b)));
        var source = Data.Span;
        var result = LargeArray.Allocate(checked(outer * indices.Length * inner));
        var target = result.AsSpan();
        for (var o = 0; o < outer; o++)
        {
            TakeRow(source.Slice(o * length * inner, length * inner), indices, inner, ref target);
        }

        long[] dims = [.. Dims];
        dims[axis] = indices.Length;
        return new Tensor(ElementType, dims, result);
    }

    /// <summary>
    /// The tensor with only the kept indices of several axes. Cost: one copy of the result, when it is read for the first time.
    /// </summary>
    /// <param name="keeps">By axis; null for an axis that stays whole.</param>
    internal Tensor Take(IReadOnlyList<Keep?> keeps)
    {
        var last = keeps.Count - 1;
        while (last >= 0 && keeps[last] is null or { IsWhole: true })
        {
            last--;
        }

        return last < 0 ? this : new Tensor(
            ElementType,
            Dims.Select((dim, axis) => keeps[axis]?.Count ?? dim),
            new Lazy<ReadOnlyMemory<byte>>(() => TakeBytes(keeps, last)));
    }

    /// <param name="last">The last axis that is cut: everything behind it is copied in one piece.</param>
    private ReadOnlyMemory<byte> TakeBytes(IReadOnlyList<Keep?> keeps, int last)
    {
        var size = ElementType.SizeInBytes();
        var strides = Array.ConvertAll(RowMajorStrides(Dims), s => checked((int)(s * size)));
        var count = Dims.Select((dim, axis) => keeps[axis]?.Count ?? dim).Aggregate((long)size, (a, b) => checked(a * b));
        var result = LargeArray.Allocate(checked((int)count));
        var target = result.AsSpan();
        Copy(0, Data.Span, ref target);
        return result;

        void Copy(int axis, ReadOnlySpan<byte> source, ref Span<byte> target)
        {
            if (axis == last)
            {
                TakeRow(source, keeps[axis]!.Span, strides[axis], ref target);
                return;
            }

            var keep = keeps[axis];
            for (var i = 0; i < (keep?.Count ?? Dims[axis]); i++)
            {
                Copy(axis + 1, source.Slice((keep?[i] ?? i) * strides[axis], strides[axis]), ref target);
            }
        }
    }

    /// <summary>Copies indices of a row to where the target begins, and moves that on.</summary>
    private static void TakeRow(ReadOnlySpan<byte> row, ReadOnlySpan<int> indices, int inner, ref Span<byte> target)
    {
        for (var i = 0; i < indices.Length;)
        {
            // Neighbours that stay together are copied together.
            var run = 1;
            while (i + run < indices.Length && indices[i + run] == indices[i] + run)
            {
                run++;
            }

            row.Slice(indices[i] * inner, run * inner).CopyTo(target);
            target = target[(run * inner)..];
            i += run;
        }
    }

    public Tensor Take(int axis, Keep keep) => Take(axis, keep.Span);

    public override string ToString() => $"{ElementType}[{string.Join(", ", Dims)}]";

    /// <exception cref="BrokenModelException">A dimension is negative or the product exceeds 64 bits.</exception>
    public static long ElementCount(IEnumerable<long> dims)
    {
        var count = 1L;
        foreach (var dim in dims)
        {
            if (dim < 0)
            {
                throw new BrokenModelException($"A tensor has the negative dimension {dim}.");
            }

            try
            {
                count = checked(count * dim);
            }
            catch (OverflowException)
            {
                throw new BrokenModelException($"A tensor of [{string.Join(", ", dims)}] has more elements than can be counted.");
            }
        }

        return count;
    }
}
