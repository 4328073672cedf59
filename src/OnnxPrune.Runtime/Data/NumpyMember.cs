using System.IO.Compression;

namespace OnnxPrune.Runtime.Data;

/// <summary>
/// True if a member of a <c>.npz</c> is what the archive says of it: .NET unpacks it without looking at size and checksum.
/// </summary>
internal static class NumpyMember
{
    // The polynomial of ZIP's CRC-32, its bits reversed.
    private const uint Polynomial = 0xEDB88320;

    private static readonly uint[] s_table = [.. Enumerable.Range(0, 256)
        .Select(i => Enumerable.Range(0, 8).Aggregate((uint)i, (crc, _) => (crc >> 1) ^ ((crc & 1) * Polynomial)))];

    /// <summary>Unpacks the member once; nothing of it is kept.</summary>
    /// <exception cref="UsageException">The member is encrypted, packed in a way that is not known, or not what was packed.</exception>
    public static void Check(ZipArchiveEntry entry, string what)
    {
        if (entry.IsEncrypted)
        {
            throw new UsageException($"{what} is encrypted; save it with numpy.savez, without a password.");
        }

        var (length, crc) = Unpack(entry, what);
        if (length != entry.Length)
        {
            throw new UsageException($"{what} is damaged: it unpacks to {length} bytes, and the archive states {entry.Length}.");
        }

        if (crc != entry.Crc32)
        {
            throw new UsageException($"{what} is damaged: its checksum is {crc:x8}, and the archive states {entry.Crc32:x8}.");
        }
    }

    /// <summary>Stops where it is more than the archive states.</summary>
    private static (long Length, uint Crc) Unpack(ZipArchiveEntry entry, string what)
    {
        try
        {
            using var stream = entry.Open();
            var buffer = new byte[1 << 16];
            var (length, crc) = (0L, uint.MaxValue);
            while (length <= entry.Length && stream.Read(buffer) is > 0 and var read)
            {
                length += read;
                foreach (var b in buffer.AsSpan(0, read))
                {
                    crc = s_table[(byte)(crc ^ b)] ^ (crc >> 8);
                }
            }

            return (length, ~crc);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or NotSupportedException)
        {
            throw new UsageException($"{what} cannot be unpacked ({e.Message.TrimEnd('.')}); save it with numpy.savez.", e);
        }
    }
}
