using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Google.Protobuf;
using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace Fuzzing.Seeds;

/// <summary>Whole data files of every kind that the tool reads, by extension.</summary>
internal static class DataSeeds
{
    // A PNG of 2x1 pixels, red and blue; a JPEG of one grey pixel.
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR4nGP4zwAE/wEHAAH/4iOeWQAAAABJRU5ErkJggg==";

    private const string Jpeg =
        "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=";

    private const int CifarRecord = 1 + (3 * 32 * 32);

    private static readonly (string Descr, int Size)[] Types = [("|u1", 1), ("<f4", 4), ("<f8", 8), ("<i8", 8), ("<f2", 2)];

    public static IReadOnlyList<string> Extensions { get; } = [".npy", ".npz", ".bin", ".png", ".jpg", ".pb"];

    public static byte[] Of(string extension, Random random) => extension switch
    {
        ".npy" => Array(random),
        ".npz" => Archive(random),
        ".bin" => Cifar(random),
        ".png" => Convert.FromBase64String(Png),
        ".jpg" => Convert.FromBase64String(Jpeg),
        _ => TestGraph.Message("x", Tensor.Of(new float[48], 1, 3, 4, 4)).ToByteArray(),
    };

    private static byte[] Array(Random random)
    {
        int[] dims = random.Next(3) switch { 0 => [4, 3, 4, 4], 1 => [4, 4, 4, 3], _ => [4, 4, 4] };
        var (descr, size) = Types[random.Next(Types.Length)];
        return Array(descr, dims, size, random, version: random.Next(1, 4), isFortran: random.Next(4) == 0);
    }

    private static byte[] Array(string descr, int[] dims, int size, Random random, int version = 1, bool isFortran = false)
    {
        var header = $"{{'descr': '{descr}', 'fortran_order': {isFortran}, 'shape': ({string.Join(", ", dims)},), }}".PadRight(117) + "\n";
        var prefix = new byte[version == 1 ? 10 : 12];
        "\u0093NUMPY"u8[1..].CopyTo(prefix);
        prefix[0] = 0x93;
        prefix[6] = (byte)version;
        BinaryPrimitives.WriteUInt16LittleEndian(prefix.AsSpan(8), (ushort)header.Length);
        var data = new byte[size * dims.Aggregate(1, (a, b) => a * b)];
        random.NextBytes(data);
        return [.. prefix, .. Encoding.Latin1.GetBytes(header), .. data];
    }

    private static byte[] Archive(Random random)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            var level = random.Next(2) == 0 ? CompressionLevel.NoCompression : CompressionLevel.Fastest;
            Add(archive, "x.npy", Array("|u1", [4, 3, 4, 4], 1, random), level);
            Add(archive, "y.npy", Array("<i8", [4], 0, random).Concat(new byte[32]).ToArray(), level);
        }

        return stream.ToArray();
    }

    private static void Add(ZipArchive archive, string name, byte[] bytes, CompressionLevel level)
    {
        var entry = archive.CreateEntry(name, level);
        entry.LastWriteTime = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var stream = entry.Open();
        stream.Write(bytes);
    }

    private static byte[] Cifar(Random random)
    {
        var bytes = new byte[3 * CifarRecord];
        random.NextBytes(bytes);
        for (var at = 0; at < bytes.Length; at += CifarRecord)
        {
            bytes[at] = (byte)random.Next(10);
        }

        return bytes;
    }
}
