using System.Buffers;

namespace OnnxPrune.Serialization;

/// <summary>
/// Splits the large <c>raw_data</c> fields of a serialized model's initializers from the rest, so that protobuf parses kilobytes
/// instead of copying the weights: Given: the file's bytes.  Result: a small message without those fields, and where each lies.
/// </summary>
/// <remarks>
/// The wire format is tag, then varint (type 0), 8 bytes (1), length and bytes (2) or 4 bytes (5). Field numbers after the ONNX
/// IR: ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.raw_data = 9.
/// </remarks>
internal sealed class LeanWire
{
    private const int SmallestSplit = 1024;
    private const ulong GraphTag = (7 << 3) | 2;
    private const ulong InitializerTag = (5 << 3) | 2;
    private const ulong RawDataTag = (9 << 3) | 2;

    private readonly ReadOnlyMemory<byte> _file;
    private readonly Dictionary<int, ReadOnlyMemory<byte>> _rawData = [];
    private int _initializers;

    private LeanWire(ReadOnlyMemory<byte> file)
    {
        _file = file;
        Message = Walk(0, file.Length, (writer, tag, start, length) =>
        {
            if (tag != GraphTag)
            {
                return false;
            }

            WriteField(writer, tag, WalkGraph(start, start + length).Span);
            return true;
        });
    }

    /// <summary>The model without the large fields.</summary>
    public ReadOnlyMemory<byte> Message { get; }

    /// <summary>The fields that were split off, by the initializer's place in the graph.</summary>
    public IReadOnlyDictionary<int, ReadOnlyMemory<byte>> RawData => _rawData;

    /// <exception cref="BrokenModelException">The bytes end inside a field or hold a tag that protobuf does not know.</exception>
    public static LeanWire Split(ReadOnlyMemory<byte> file) => new(file);

    private ReadOnlyMemory<byte> WalkGraph(int start, int end) => Walk(start, end, (writer, tag, from, length) =>
    {
        if (tag != InitializerTag)
        {
            return false;
        }

        WriteField(writer, tag, WalkTensor(from, from + length, _initializers++).Span);
        return true;
    });

    private ReadOnlyMemory<byte> WalkTensor(int start, int end, int index) => Walk(start, end, (_, tag, from, length) =>
    {
        if (tag != RawDataTag)
        {
            return false;
        }

        // As protobuf has it, the last occurrence of a field wins.
        _rawData.Remove(index);
        if (length < SmallestSplit)
        {
            return false;
        }

        _rawData.Add(index, _file.Slice(from, length));
        return true;
    });

    /// <summary>Copies the fields between two offsets, except those of type 2 that <paramref name="taken"/> deals with itself.</summary>
    private ReadOnlyMemory<byte> Walk(int start, int end, Func<ArrayBufferWriter<byte>, ulong, int, int, bool> taken)
    {
        var writer = new ArrayBufferWriter<byte>();
        var at = start;
        while (at < end)
        {
            var fieldStart = at;
            var tag = ReadVarint(ref at, end);
            switch (tag & 7)
            {
                case 0:
                    ReadVarint(ref at, end);
                    break;
                case 1:
                    at = Advance(at, 8, end);
                    break;
                case 5:
                    at = Advance(at, 4, end);
                    break;
                case 2:
                    var length = ReadVarint(ref at, end);
                    var content = at;
                    at = Advance(at, length, end);
                    if (taken(writer, tag, content, (int)length))
                    {
                        continue;
                    }

                    break;
                default:
                    throw new BrokenModelException($"byte {fieldStart} starts no protobuf field");
            }

            writer.Write(_file.Span[fieldStart..at]);
        }

        return writer.WrittenMemory;
    }

    private static void WriteField(ArrayBufferWriter<byte> writer, ulong tag, ReadOnlySpan<byte> content)
    {
        WriteVarint(writer, tag);
        WriteVarint(writer, (ulong)content.Length);
        writer.Write(content);
    }

    private static void WriteVarint(ArrayBufferWriter<byte> writer, ulong value)
    {
        var span = writer.GetSpan(10);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        writer.Advance(length);
    }

    private ulong ReadVarint(ref int at, int end)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= end)
            {
                throw Truncated(at);
            }

            var b = _file.Span[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new BrokenModelException($"a number before byte {at} has no end");
    }

    private static int Advance(int at, ulong length, int end) =>
        length <= (ulong)(end - at) ? at + (int)length : throw Truncated(end);

    private static BrokenModelException Truncated(int at) => new($"the file ends inside a field at byte {at}; it is truncated or no ONNX model");
}
