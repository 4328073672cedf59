using System.Buffers.Binary;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// The size that a PNG (its first chunk, IHDR) or JPEG (its frame header, SOF) states. A few bytes can claim a picture of any size, which a
/// decoder then allocates.
/// </summary>
internal static class ImageHeader
{
    private const byte JpegMarker = 0xff;

    private static ReadOnlySpan<byte> PngSignature => [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

    private static ReadOnlySpan<byte> JpegSignature => [JpegMarker, 0xd8];

    /// <summary>How many pixels the file claims; null when it is no PNG or JPEG, or ends too early.</summary>
    public static long? Pixels(ReadOnlySpan<byte> file) =>
        file.StartsWith(PngSignature) ? OfPng(file) : file.StartsWith(JpegSignature) ? OfJpeg(file) : null;

    // Signature, the chunk's length, "IHDR", width, height.
    private static long? OfPng(ReadOnlySpan<byte> file) => file.Length >= 24 && file[12..16].SequenceEqual("IHDR"u8)
        ? (long)BinaryPrimitives.ReadUInt32BigEndian(file[16..]) * BinaryPrimitives.ReadUInt32BigEndian(file[20..])
        : null;

    // Segments are 0xff, a marker, and a length that counts itself; the frame header has a precision, height and width behind it.
    private static long? OfJpeg(ReadOnlySpan<byte> file)
    {
        for (var at = 2; at + 9 <= file.Length;)
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
                return (long)BinaryPrimitives.ReadUInt16BigEndian(file[(at + 5)..]) * BinaryPrimitives.ReadUInt16BigEndian(file[(at + 7)..]);
            }
            else
            {
                at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            }
        }

        return null;
    }
}
