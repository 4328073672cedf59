using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>Tensors from and to ONNX's <c>TensorProto</c>, whichever of its fields holds the elements.</summary>
internal static class TensorMessage
{
    /// <exception cref="BrokenModelException">The elements do not fill the dimensions.</exception>
    /// <exception cref="UnsupportedModelException">The elements lie in an external file and are no whole bytes.</exception>
    public static Tensor Read(TensorProto proto, ExternalData? external)
    {
        var type = (ElementType)proto.DataType;
        var count = Tensor.ElementCount(proto.Dims);
        if (type.SizeInBytes() == 0)
        {
            if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            {
                throw new UnsupportedModelException(
                    $"Initializer '{proto.Name}' has elements of type {type} in an external file; only elements of whole bytes can be read "
                        + "from there.");
            }

            return new Tensor(type, proto.Dims, new Lazy<ReadOnlyMemory<byte>>(
                () => throw new NotSupportedException($"Elements of {type} cannot be read.")));
        }

        long bytes;
        try
        {
            bytes = checked(count * type.SizeInBytes());
        }
        catch (OverflowException)
        {
            throw new BrokenModelException(
                $"Initializer '{proto.Name}' [{string.Join(", ", proto.Dims)}] has more bytes than can be counted.");
        }

        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
        {
            if (external is null)
            {
                throw new BrokenModelException($"Initializer '{proto.Name}' lies in an external file, but the model came from no folder.");
            }

            return new Tensor(type, proto.Dims, external.Open(proto, bytes));
        }

        var raw = proto.RawData.Memory;
        if (raw.Length > 0)
        {
            Expect(proto, bytes, raw.Length, "bytes");
            return new Tensor(type, proto.Dims, new Lazy<ReadOnlyMemory<byte>>(raw));
        }

        var (typedCount, load) = TypedField(proto, type);
        Expect(proto, type is ElementType.Complex64 or ElementType.Complex128 ? 2 * count : count, typedCount, "elements");
        return new Tensor(type, proto.Dims, new Lazy<ReadOnlyMemory<byte>>(() => load()));
    }

    // Of a sparse tensor, a few bytes may claim any size.
    private const long MostBytesMade = 512L << 20;

    /// <summary>
    /// A sparse tensor with its zeros; null where it is not to be had: no name, no whole bytes, an index that is none, or more zeros than
    /// memory is meant for.
    /// </summary>
    public static Tensor? ReadSparse(SparseTensorProto proto)
    {
        if (proto.Values is not { } values
            || proto.Indices is not { DataType: (int)ElementType.Int64 } places
            || ((ElementType)values.DataType).SizeInBytes() is not (> 0 and var size)
            || values.DataLocation == TensorProto.Types.DataLocation.External
                || places.DataLocation == TensorProto.Types.DataLocation.External
            || Tensor.ElementCount(proto.Dims) is var count && count > MostBytesMade / size)
        {
            return null;
        }

        var (elements, indices) = (Read(values, null), Read(places, null).ToLongs());
        if (places.Dims.Count == 2 && places.Dims[1] == proto.Dims.Count)
        {
            // [elements, rank]: one index per axis.
            indices = [.. indices
                .Chunk(Math.Max(1, proto.Dims.Count))
                .Select(at => at
                    .Select((index, axis) => (index, dim: proto.Dims[axis]))
                    .Aggregate(0L, (sum, p) => p.index < 0 || p.index >= p.dim ? -1 : sum < 0 ? -1 : (sum * p.dim) + p.index))];
        }

        if (indices.Length != elements.Count || Array.Exists(indices, i => i < 0 || i >= count))
        {
            return null;
        }

        return new Tensor((ElementType)values.DataType, proto.Dims, new Lazy<ReadOnlyMemory<byte>>(() =>
        {
            var bytes = new byte[count * size];
            for (var i = 0; i < indices.Length; i++)
            {
                elements.Data.Span.Slice(i * size, size).CopyTo(bytes.AsSpan((int)(indices[i] * size)));
            }

            return bytes;
        }));
    }

    /// <summary>True if a tensor's elements lie in another file.</summary>
    public static bool IsExternal(ReadOnlyMemory<byte> tensor) =>
        WireField.In(tensor).LastOrDefault(f =>
            f is { Number: TensorProto.DataLocationFieldNumber, Type: WireFormat.WireType.Varint }) is { Number: > 0 } location
        && location.ReadNumber() == (long)TensorProto.Types.DataLocation.External;

    /// <summary>A tensor with its elements, which are not copied.</summary>
    public static WireMessage Write(string name, Tensor tensor) =>
        Header(name, tensor).Add(TensorProto.RawDataFieldNumber, tensor.Data);

    /// <summary>A tensor whose elements lie in another file.</summary>
    /// <param name="source">The tensor as it was read, of which everything else stays; null when the program made it.</param>
    public static WireMessage WriteExternal(string name, Tensor tensor, ReadOnlyMemory<byte>? source, string location, long offset)
    {
        var message = source is { } known ? WithoutElements(known) : Header(name, tensor);
        message.AddNumber(TensorProto.DataLocationFieldNumber, (long)TensorProto.Types.DataLocation.External);
        foreach (var (key, text) in new[]
        {
            ("location", location),
            ("offset", offset.ToString(CultureInfo.InvariantCulture)),
            ("length", (tensor.Count * tensor.ElementType.SizeInBytes()).ToString(CultureInfo.InvariantCulture)),
        })
        {
            message.Add(TensorProto.ExternalDataFieldNumber, new StringStringEntryProto { Key = key, Value = text });
        }

        return message;
    }

    /// <summary>The tensor as it was read, with its elements inside the message.</summary>
    public static WireMessage TakeIn(ReadOnlyMemory<byte> source, Tensor tensor) =>
        WithoutElements(source).Add(TensorProto.RawDataFieldNumber, tensor.Data);

    private static WireMessage Header(string name, Tensor tensor)
    {
        var message = new WireMessage();
        foreach (var dim in tensor.Dims)
        {
            message.AddNumber(TensorProto.DimsFieldNumber, dim);
        }

        return message.AddNumber(TensorProto.DataTypeFieldNumber, (long)tensor.ElementType).Add(TensorProto.NameFieldNumber, name);
    }

    private static WireMessage WithoutElements(ReadOnlyMemory<byte> source)
    {
        var message = new WireMessage();
        foreach (var field in WireField.In(source).Where(f => !HoldsElements(f.Number)))
        {
            message.Add(field);
        }

        return message;
    }

    private static bool HoldsElements(int number) => number is
        TensorProto.RawDataFieldNumber
            or TensorProto.FloatDataFieldNumber
            or TensorProto.DoubleDataFieldNumber
            or TensorProto.Int32DataFieldNumber or
        TensorProto.Int64DataFieldNumber
            or TensorProto.Uint64DataFieldNumber
            or TensorProto.ExternalDataFieldNumber
            or TensorProto.DataLocationFieldNumber;

    private static void Expect(TensorProto proto, long expected, long found, string unit)
    {
        if (expected != found)
        {
            throw new BrokenModelException(
                $"Initializer '{proto.Name}' [{string.Join(", ", proto.Dims)}] wants {expected} {unit}, but the file holds {found}.");
        }
    }

    // After the comments of TensorProto in the ONNX IR: which typed field stores which element type, one element per entry.
    private static (int Count, Func<byte[]> Load) TypedField(TensorProto proto, ElementType type) => type switch
    {
        ElementType.Float or ElementType.Complex64 => (proto.FloatData.Count, () => Bytes(proto.FloatData, x => x)),
        ElementType.Double or ElementType.Complex128 => (proto.DoubleData.Count, () => Bytes(proto.DoubleData, x => x)),
        ElementType.Int64 => (proto.Int64Data.Count, () => Bytes(proto.Int64Data, x => x)),
        ElementType.UInt64 => (proto.Uint64Data.Count, () => Bytes(proto.Uint64Data, x => x)),
        ElementType.UInt32 => (proto.Uint64Data.Count, () => Bytes(proto.Uint64Data, x => (uint)x)),
        ElementType.Int32 => (proto.Int32Data.Count, () => Bytes(proto.Int32Data, x => x)),
        _ when type.SizeInBytes() == 2 => (proto.Int32Data.Count, () => Bytes(proto.Int32Data, x => (ushort)x)),
        _ => (proto.Int32Data.Count, () => Bytes(proto.Int32Data, x => (byte)x)),
    };

    private static byte[] Bytes<TField, T>(IReadOnlyList<TField> field, Func<TField, T> convert) where T : unmanaged
    {
        var values = new T[field.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = convert(field[i]);
        }

        return MemoryMarshal.AsBytes<T>(values).ToArray();
    }
}
