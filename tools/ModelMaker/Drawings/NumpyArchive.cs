using System.IO.Compression;
using System.Text;

namespace ModelMaker.Drawings;

/// <summary>Arrays of bytes as a compressed <c>.npz</c>, as <c>numpy.savez_compressed</c> writes it.</summary>
internal static class NumpyArchive
{
    private static readonly DateTimeOffset s_date = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static void Write(string path, params (string Name, byte[] Content, int[] Dims)[] arrays)
    {
        using var stream = File.Create(path);
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create);
        foreach (var (name, content, dims) in arrays)
        {
            var entry = zip.CreateEntry($"{name}.npy", CompressionLevel.SmallestSize);
            entry.LastWriteTime = s_date;
            using var to = entry.Open();
            to.Write(Header(dims));
            to.Write(content);
        }
    }

    /// <summary>Magic, version 1.0, length and description, filled up with blanks to a multiple of 64 bytes (NumPy's NEP 1).</summary>
    private static byte[] Header(int[] dims)
    {
        const int Fixed = 10;
        var shape = dims.Length == 1 ? $"({dims[0]},)" : $"({string.Join(", ", dims)})";
        var description = $"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}";
        var total = (Fixed + description.Length + 1 + 63) / 64 * 64;
        var text = description.PadRight(total - Fixed - 1) + '\n';
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)(text.Length % 256), (byte)(text.Length / 256), .. Encoding.ASCII.GetBytes(text)];
    }
}
