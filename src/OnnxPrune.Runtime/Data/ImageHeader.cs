using System.Buffers.Binary;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// What a PNG (its first chunk, IHDR) or JPEG (its frame header, SOF) states. A few bytes can claim a picture of any size, which a decoder then
/// allocates.
/// </summary>
/// <param name="Pixels">How many pixels the file claims.</param>
/// <param name="Obstacle">Why ONNX Runtime Extensions would get it wrong or find no end, as the rest of a sentence; null where they do not.</param>
internal readonly record struct ImageHeader(long Pixels, string? Obstacle)
{
    private const byte JpegMarker = 0xff;

    private static ReadOnlySpan<byte> PngSignature => [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

    private static ReadOnlySpan<byte> JpegSignature => [JpegMarker, 0xd8];

    private static ReadOnlySpan<byte> JpegEnd => [JpegMarker, 0xd9];

    /// <summary>The header of a file; null when it is no PNG or JPEG, or ends before its header does.</summary>
    public static ImageHeader? Of(ReadOnlySpan<byte> file) =>
        file.StartsWith(PngSignature) ? OfPng(file) : file.StartsWith(JpegSignature) ? OfJpeg(file) : null;

    // Signature, the chunk's length, "IHDR", width, height, bits, colour type, compression, filter, interlacing.
    private static ImageHeader? OfPng(ReadOnlySpan<byte> file)
    {
        if (file.Length < 29 || !file[12..16].SequenceEqual("IHDR"u8))
        {
            return null;
        }

        // Four bytes each, of which the highest bit is never set.
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(file[16..]), BinaryPrimitives.ReadInt32BigEndian(file[20..]));
        if (width < 0 || height < 0)
        {
            return null;
        }

        var pixels = (long)width * height;
        return new ImageHeader(pixels, file[28] == 0 ? null : "is an interlaced PNG, which is not decoded; save it without interlacing");
    }

    // Segments are 0xff, a marker, and a length that counts itself; the frame header has precision, height, width and components behind it.
    private static ImageHeader? OfJpeg(ReadOnlySpan<byte> file)
    {
        for (var at = 2; at + 10 <= file.Length;)
        {
            if (file[at] != JpegMarker)
            {
                return null;
            }

            var marker = file[at + 1];
            if (marker is JpegMarker)
            {
                at++; // Fill bytes may stand before a marker.
            }
            else if (marker is >= 0xc0 and <= 0xcf and not (0xc4 or 0xc8 or 0xcc))
            {
                var pixels = (long)BinaryPrimitives.ReadUInt16BigEndian(file[(at + 5)..]) * BinaryPrimitives.ReadUInt16BigEndian(file[(at + 7)..]);
                return new ImageHeader(pixels, JpegObstacle(file[(at + 9)..]));
            }
            else
            {
                at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            }
        }

        return null;
    }

    private static string? JpegObstacle(ReadOnlySpan<byte> components) =>
        components[0] == 4 ? "is a CMYK JPEG, which is not decoded; convert it to RGB"
        : components.LastIndexOf(JpegEnd) < 0 ? "is a JPEG that ends too early"
        : null;
}
