using Google.Protobuf;

namespace OnnxPrune.Serialization;

/// <summary>One field of a protobuf message as it lies on the wire: a tag (number and wire type), then its value.</summary>
/// <param name="Whole">Tag and value.</param>
/// <param name="Content">The value; of a field of bytes, text or a message, what follows its length.</param>
internal readonly record struct WireField(int Number, WireFormat.WireType Type, ReadOnlyMemory<byte> Whole, ReadOnlyMemory<byte> Content)
{
    /// <summary>The fields of a message, in their order.</summary>
    /// <exception cref="BrokenModelException">The message ends inside a field, or holds a tag that ONNX does not use.</exception>
    public static IEnumerable<WireField> In(ReadOnlyMemory<byte> message)
    {
        for (var at = 0; at < message.Length;)
        {
            yield return Read(message, ref at);
        }
    }

    /// <summary>The contents of all fields with this number that hold bytes, text or messages.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Contents(ReadOnlyMemory<byte> message, int number) =>
        In(message).Where(f => f.Holds(number)).Select(f => f.Content);

    /// <summary>
    /// True if this is the field of that number, and holds bytes, text or a message: one of another wire type is unknown to protobuf.
    /// </summary>
    public bool Holds(int number) => Number == number && Type == WireFormat.WireType.LengthDelimited;

    /// <summary>The number that a field of integers or enumerations holds.</summary>
    public long ReadNumber()
    {
        var at = 0;
        return (long)ReadVarint(Content.Span, ref at);
    }

    private static WireField Read(ReadOnlyMemory<byte> message, ref int at)
    {
        var start = at;
        var tag = ReadVarint(message.Span, ref at);
        if (tag is < 8 or > uint.MaxValue)
        {
            throw new BrokenModelException($"a field with the tag {tag} is no field of protobuf");
        }

        var type = (WireFormat.WireType)(tag & 7);
        var content = at;
        switch (type)
        {
            case WireFormat.WireType.Varint:
                ReadVarint(message.Span, ref at);
                break;
            case WireFormat.WireType.Fixed64:
                at = Advance(at, 8, message.Length);
                break;
            case WireFormat.WireType.Fixed32:
                at = Advance(at, 4, message.Length);
                break;
            case WireFormat.WireType.LengthDelimited:
                var length = ReadVarint(message.Span, ref at);
                content = at;
                at = Advance(at, length, message.Length);
                break;
            default:
                throw new BrokenModelException($"a field with the tag {tag} is no field of protobuf that ONNX uses");
        }

        return new WireField((int)(tag >> 3), type, message[start..at], message[content..at]);
    }

    private static ulong ReadVarint(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= bytes.Length)
            {
                throw Truncated();
            }

            var b = bytes[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new BrokenModelException("a number in the file has no end");
    }

    private static int Advance(int at, ulong length, int end) => length <= (ulong)(end - at) ? at + (int)length : throw Truncated();

    private static BrokenModelException Truncated() => new("the file ends inside a field; it is truncated or no ONNX model");
}
