using System.Buffers.Binary;

namespace Fuzzing.Mutations;

/// <summary>
/// Damage that knows nothing of the format: flipped bits, lost ends, parts that were moved, repeated or taken from elsewhere.
/// </summary>
internal static class ByteMutation
{
    private const int Most = 4;
    private const int LongestPart = 256;

    /// <param name="other">Where a splice takes its part from.</param>
    public static byte[] Apply(byte[] bytes, byte[] other, Random random)
    {
        for (var n = random.Next(1, Most + 1); n > 0 && bytes.Length > 0; n--)
        {
            bytes = Once(bytes, other, random);
        }

        return bytes;
    }

    private static byte[] Once(byte[] bytes, byte[] other, Random random)
    {
        var at = random.Next(bytes.Length);
        var part = Math.Min(random.Next(1, LongestPart), bytes.Length - at);
        switch (random.Next(9))
        {
            case 0:
                return bytes[..at];
            case 1:
                return [.. bytes[..at], .. bytes[(at + part)..]];
            case 2:
                return [.. bytes[..(at + part)], .. bytes[at..]];
            case 3:
                var from = random.Next(other.Length + 1);
                return [.. bytes[..at], .. other[from..Math.Min(other.Length, from + part)], .. bytes[at..]];
            case 4:
                return [.. bytes[..at], .. other[random.Next(other.Length + 1)..]];
            case 5:
                return Changed(bytes, b => b[at] ^= (byte)(1 << random.Next(8)));
            case 6:
                return Changed(bytes, b => b.AsSpan(at, part).Fill(random.Next(3) switch { 0 => 0, 1 => 255, _ => 0x80 }));
            case 7 when bytes.Length - at >= 8:
                return Changed(bytes, b => BinaryPrimitives.WriteInt64LittleEndian(b.AsSpan(at), Interesting.Number(random)));
            default:
                return Changed(bytes, b => b[at] = (byte)random.Next(256));
        }
    }

    private static byte[] Changed(byte[] bytes, Action<byte[]> change)
    {
        var copy = bytes.ToArray();
        change(copy);
        return copy;
    }
}
