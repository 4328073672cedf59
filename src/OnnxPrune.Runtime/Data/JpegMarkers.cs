using System.Buffers.Binary;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// The markers of a JPEG: 0xff and what follows begins a segment, whose length counts itself. Behind the header of a scan come its pixels,
/// in which 0xff is followed by 0 or by a restart mark.
/// </summary>
internal static class JpegMarkers
{
    private const byte Marker = 0xff;
    private const byte Stuffing = 0;
    private const byte Temporary = 0x01;
    private const byte FirstRestart = 0xd0;
    private const byte StartOfImage = 0xd8;
    private const byte EndOfImage = 0xd9;

    private static ReadOnlySpan<byte> Start => [Marker, StartOfImage, Marker];

    public static bool IsJpeg(ReadOnlySpan<byte> file) => file.StartsWith(Start);

    /// <summary>
    /// True if the image ends before the file does. A progressive one that is cut off can be decoded as well, to something coarser than
    /// what was stored.
    /// </summary>
    public static bool HasEnd(ReadOnlySpan<byte> file)
    {
        var at = 0;
        while (file[at..].IndexOf(Marker) is var next and >= 0 && at + next + 1 < file.Length)
        {
            at += next;
            switch (file[at + 1])
            {
                case EndOfImage:
                    return true;
                case Marker:
                    at++;
                    break;
                case Stuffing or Temporary or >= FirstRestart and <= StartOfImage:
                    at += 2;
                    break;
                default:
                    if (at + 4 > file.Length
                        || 2 + BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]) is var length && length > file.Length - at)
                    {
                        return false;
                    }

                    at += length;
                    break;
            }
        }

        return false;
    }
}
