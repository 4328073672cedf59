using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using OnnxPrune.Graphs;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// An array in NumPy's format (versions 1 to 3): the magic "\x93NUMPY", the version, the header's length in 2 bytes (version 1) or 4, a
/// Python dictionary {'descr': '&lt;f4', 'fortran_order': False, 'shape': (2, 3), }, and the elements.
/// </summary>
internal static class NumpyArray
{
    private const int LargestHeader = 1 << 16;

    /// <summary>Reads exactly one array. What is allocated follows from <paramref name="length"/>, never from the header alone.</summary>
    /// <param name="length">How many bytes the stream is declared to have.</param>
    /// <exception cref="UsageException">The stream holds no such array, or one of a type that is no number.</exception>
    public static Tensor Read(Stream stream, long length, string what)
    {
        var prefix = Exactly(stream, 10, what);
        if (!IsMagic(prefix))
        {
            throw new UsageException($"{what} is no NumPy array: it does not begin with NumPy's magic bytes.");
        }

        var version = prefix[6];
        if (version is < 1 or > 3)
        {
            throw new UsageException($"{what} has NumPy format version {version}; versions 1 to 3 are known.");
        }

        long headerLength = BinaryPrimitives.ReadUInt16LittleEndian(prefix.AsSpan(8));
        var start = 10L;
        if (version > 1)
        {
            headerLength |= (long)BinaryPrimitives.ReadUInt16LittleEndian(Exactly(stream, 2, what)) << 16;
            start = 12;
        }

        if (headerLength > LargestHeader)
        {
            throw new UsageException($"{what} is a damaged NumPy array: its header claims {headerLength} bytes.");
        }

        var header = new Header((version == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(Exactly(stream, (int)headerLength, what)), what);
        var bytes = Bytes(header, what);
        if (bytes != length - start - headerLength)
        {
            throw new UsageException(
                $"{what} is a damaged NumPy array: {header.Type}[{string.Join(", ", header.Dims)}] takes {bytes} bytes, but "
                    + $"{length - start - headerLength} follow the header.");
        }

        var data = Exactly(stream, (int)bytes, what);
        return header.FortranOrder ? FromFortranOrder(header.Type, header.Dims, data) : new Tensor(header.Type, header.Dims, data);
    }

    private static bool IsMagic(byte[] prefix) => prefix[0] == 0x93 && prefix.AsSpan(1, 5).SequenceEqual("NUMPY"u8);

    private static long Bytes(Header header, string what)
    {
        try
        {
            var bytes = checked(Tensor.ElementCount(header.Dims) * header.Type.SizeInBytes());
            return bytes <= Array.MaxLength
                ? bytes
                : throw new UsageException($"{what} takes {bytes} bytes; arrays of up to 2 GB can be read.");
        }
        catch (Exception e) when (e is OverflowException or BrokenModelException)
        {
            throw new UsageException($"{what} is a damaged NumPy array: its shape is ({string.Join(", ", header.Dims)}).", e);
        }
    }

    private static byte[] Exactly(Stream stream, int count, string what)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(count);
        return stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count
            ? bytes
            : throw new UsageException($"{what} is a damaged NumPy array: it ends too early.");
    }

    /// <summary>
    /// From the first axis running fastest to the last one running fastest: Fortran's order is that of the array with its axes reversed.
    /// </summary>
    private static Tensor FromFortranOrder(ElementType type, long[] dims, byte[] data) =>
        new Tensor(type, dims.Reverse(), data).Transpose([.. Enumerable.Range(0, dims.Length).Reverse()]);

    /// <summary>The header's dictionary.</summary>
    private sealed class Header
    {
        public Header(string text, string what)
        {
            var descr = Field(text, "descr", what);
            if (descr.Length < 3 || descr[0] is not ('\'' or '"'))
            {
                throw new UsageException($"{what} holds records, not numbers; save each field as an array of its own.");
            }

            var end = descr.IndexOf(descr[0], 1);
            Type = end > 0
                ? ParseType(descr[1..end], what)
                : throw new UsageException($"{what} is a damaged NumPy array: its header's 'descr' has no end.");
            FortranOrder = Field(text, "fortran_order", what).StartsWith("True", StringComparison.Ordinal);
            Dims = ParseShape(Field(text, "shape", what), what);
        }

        public ElementType Type { get; }

        public bool FortranOrder { get; }

        public long[] Dims { get; }

        /// <summary>The text from a field's value on.</summary>
        private static string Field(string text, string name, string what)
        {
            var at = text.IndexOf($"'{name}'", StringComparison.Ordinal);
            var colon = at < 0 ? -1 : text.IndexOf(':', at);
            return colon < 0
                ? throw new UsageException($"{what} is a damaged NumPy array: its header lacks '{name}'.")
                : text[(colon + 1)..].TrimStart();
        }

        private static long[] ParseShape(string text, string what)
        {
            var close = text.IndexOf(')');
            if (!text.StartsWith('(') || close < 0)
            {
                throw new UsageException($"{what} is a damaged NumPy array: its header has no shape.");
            }

            return Array.ConvertAll(
                text[1..close].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                t => long.TryParse(t.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out var dim)
                    ? dim
                    : throw new UsageException($"{what} is a damaged NumPy array: its shape has the dimension '{t}'."));
        }

        private static ElementType ParseType(string descr, string what) => descr switch
        {
            "|u1" => ElementType.UInt8,
            "|i1" => ElementType.Int8,
            "|b1" => ElementType.Bool,
            "<u2" => ElementType.UInt16,
            "<i2" => ElementType.Int16,
            "<u4" => ElementType.UInt32,
            "<i4" => ElementType.Int32,
            "<u8" => ElementType.UInt64,
            "<i8" => ElementType.Int64,
            "<f2" => ElementType.Float16,
            "<f4" => ElementType.Float,
            "<f8" => ElementType.Double,
            _ when descr.StartsWith('>') => throw new UsageException($"{what} is big-endian ('{descr}'); save it as little-endian."),
            _ => throw new UsageException($"{what} has elements of type '{descr}'; numbers are wanted (u1 to u8, i1 to i8, f2, f4, f8)."),
        };
    }
}
