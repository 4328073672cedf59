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
    // A PNG of 2x1 pixels, red and blue, and an interlaced one of 3x2; a JPEG of one grey pixel, one of four inks and a progressive one of
    // 3x2.
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR4nGP4zwAE/wEHAAH/4iOeWQAAAABJRU5ErkJggg==";

    private const string InterlacedPng =
        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAFlEcHbAAAAH0lEQVR42mO4ULaGYblpDgNffzBDx0R7hW/fdTcoAQBdVAiPO/uQrgAAAABJRU5ErkJggg==";

    private const string Jpeg =
        "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=";

    private const string InkJpeg =
        "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgAAgADBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwDD+BH/ACSDwr/15j+ZrjP+EB8Mf9C5pH/gDF/8TXkHxj1W9/4Wf4j/ANMuP+Po/wDLVvQe9fqnX//Z";

    private const string ProgressiveJpeg =
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wgARCAACAAMDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAVAQEBAAAAAAAAAAAAAAAAAAABBv/aAAwDAQACEAMQAAABjBof/8QAFhABAQEAAAAAAAAAAAAAAAAAAwQT/9oACAEBAAEFAhnLP//EABkRAAEFAAAAAAAAAAAAAAAAAAABAgQzcf/aAAgBAwEBPwGNSzEP/8QAGREAAQUAAAAAAAAAAAAAAAAAAAECBDNx/9oACAECAQE/AZN79U//xAAXEAEAAwAAAAAAAAAAAAAAAAACACOS/9oACAEBAAY/AjWMz//EABYQAAMAAAAAAAAAAAAAAAAAAABRYf/aAAgBAQABPyGKkP/aAAwDAQACAAMAAAAQB//EABcRAAMBAAAAAAAAAAAAAAAAAAABUfD/2gAIAQMBAT8Qzoj/xAAXEQADAQAAAAAAAAAAAAAAAAAAAVHw/9oACAECAQE/EMas/8QAFhAAAwAAAAAAAAAAAAAAAAAAAIHw/9oACAEBAAE/EI0Uf//Z";

    private const string Webp =
        "UklGRkoAAABXRUJQVlA4ID4AAACwAgCdASoDAAIAAUAmJagCdEcAfoBlgH6AAt2suogA/upOXCpoikyouCJDs8FxYUPr2+jnf7lPeWhwh7KAAA==";

    private const string LosslessWebp =
        "UklGRlQAAABXRUJQVlA4TEgAAAAvAkAAEC9AEEBCkEMYs4w8yEwEASQsweU5xxCvoKBtG6bt8I3c+P0RIQgg4cghjBXm2GXiWD/kVvxqzdMvgECADNHmQET/IxY=";

    private const string Bmp = "Qk1OAAAAAAAAADYAAAAoAAAAAwAAAAIAAAABABgAAAAAABgAAADEDgAAxA4AAAAAAAAAAAAA8/Bidk3LB8dNAAAAvUJ5BiHyd4TwAAAA";

    // Two colours, 2x1 pixels.
    private const string Gif = "R0lGODlhAgABAIAAAP8AAAAA/ywAAAAAAgABAAACAkQKADs=";

    private const int CifarRecord = 1 + (3 * 32 * 32);

    private static readonly (string Descr, int Size)[] Types = [("|u1", 1), ("<f4", 4), ("<f8", 8), ("<i8", 8), ("<f2", 2)];

    public static IReadOnlyList<string> Extensions { get; } = [".npy", ".npz", ".bin", ".png", ".jpg", ".webp", ".bmp", ".gif", ".pb"];

    public static byte[] Of(string extension, Random random) => extension switch
    {
        ".npy" => Array(random),
        ".npz" => Archive(random),
        ".bin" => Cifar(random),
        ".png" => OneOf(random, Png, InterlacedPng),
        ".jpg" => OneOf(random, Jpeg, InkJpeg, ProgressiveJpeg),
        ".webp" => OneOf(random, Webp, LosslessWebp),
        ".bmp" => OneOf(random, Bmp),
        ".gif" => OneOf(random, Gif),
        _ => TestGraph.Message("x", Tensor.Of(new float[48], 1, 3, 4, 4)).ToByteArray(),
    };

    private static byte[] OneOf(Random random, params ReadOnlySpan<string> files) =>
        Convert.FromBase64String(files[random.Next(files.Length)]);

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
