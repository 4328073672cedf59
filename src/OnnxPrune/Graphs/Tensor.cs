using System.Runtime.InteropServices;

namespace OnnxPrune.Graphs;

/// <summary>
/// A constant array: element type, dimensions and little-endian, row-major bytes. Immutable. The bytes may be loaded on
/// first access (external data, typed protobuf fields), which fails with <see cref="BrokenModelException"/> when they are not there.
/// </summary>
public sealed partial class Tensor
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
        var result = GC.AllocateUninitializedArray<byte>(checked(outer * indices.Length * inner));
        var target = result.AsSpan();
        for (var o = 0; o < outer; o++)
        {
            var row = source.Slice(o * length * inner, length * inner);
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

        long[] dims = [.. Dims];
        dims[axis] = indices.Length;
        return new Tensor(ElementType, dims, result);
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
