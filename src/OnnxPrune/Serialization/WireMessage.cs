using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// A protobuf message that is put together field by field, in the order of the calls. Everything is written, zeros and empty texts too:
/// what a file states explicitly stays explicit. Large contents are not copied, so that a model's weights are written from where they lie.
/// </summary>
internal sealed class WireMessage
{
    private const int SmallestShared = 1024;

    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private readonly ArrayBufferWriter<byte> _small = new();
    private int _gathered;
    private long _partsLength;

    /// <summary>The number of bytes.</summary>
    public long Length => _partsLength + _small.WrittenCount - _gathered;

    /// <summary>Copies a field of another message as it is.</summary>
    public WireMessage Add(WireField field) => Append(field.Whole);

    /// <summary>Adds the fields of another message.</summary>
    public WireMessage Add(ReadOnlyMemory<byte> fields) => Append(fields);

    public WireMessage Add(int number, ReadOnlyMemory<byte> content) => Header(number, content.Length).Append(content);

    public WireMessage Add(int number, string text) => Add(number, Encoding.UTF8.GetBytes(text));

    public WireMessage Add(int number, IMessage message) => Add(number, message.ToByteArray());

    public WireMessage Add(int number, WireMessage message)
    {
        Header(number, message.Length);
        foreach (var part in message.Parts())
        {
            Append(part);
        }

        return this;
    }

    /// <summary>Adds an integer or an enumeration.</summary>
    public WireMessage AddNumber(int number, long value)
    {
        Varint(WireFormat.MakeTag(number, WireFormat.WireType.Varint));
        Varint((ulong)value);
        return this;
    }

    public WireMessage AddFloat(int number, float value)
    {
        Varint(WireFormat.MakeTag(number, WireFormat.WireType.Fixed32));
        BinaryPrimitives.WriteSingleLittleEndian(_small.GetSpan(sizeof(float)), value);
        _small.Advance(sizeof(float));
        return this;
    }

    public void WriteTo(Stream stream)
    {
        foreach (var part in Parts())
        {
            stream.Write(part.Span);
        }
    }

    public byte[] ToArray()
    {
        var bytes = LargeArray.Allocate(checked((int)Length));
        var at = 0;
        foreach (var part in Parts())
        {
            part.Span.CopyTo(bytes.AsSpan(at));
            at += part.Length;
        }

        return bytes;
    }

    private WireMessage Header(int number, long length)
    {
        Varint(WireFormat.MakeTag(number, WireFormat.WireType.LengthDelimited));
        Varint((ulong)length);
        return this;
    }

    private WireMessage Append(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < SmallestShared)
        {
            _small.Write(bytes.Span);
            return this;
        }

        Gather();
        _parts.Add(bytes);
        _partsLength += bytes.Length;
        return this;
    }

    private List<ReadOnlyMemory<byte>> Parts()
    {
        Gather();
        return _parts;
    }

    /// <summary>
    /// Makes a part of the small fields that were written since the last one. The writer may move on to a larger array; what it wrote stays
    /// in the old one.
    /// </summary>
    private void Gather()
    {
        if (_small.WrittenCount > _gathered)
        {
            _parts.Add(_small.WrittenMemory[_gathered..]);
            _partsLength += _small.WrittenCount - _gathered;
            _gathered = _small.WrittenCount;
        }
    }

    private void Varint(ulong value)
    {
        var span = _small.GetSpan(10);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        _small.Advance(length);
    }
}
