using System.Buffers.Binary;

namespace OnnxPrune.Serialization;

/// <summary>Files of other formats that are given as ONNX models, told by how they begin. Asked only about what cannot be parsed.</summary>
internal static class ForeignFormat
{
    // What is looked at of text.
    private const int TextLength = 64;

    private const string Export = "export the model to ONNX";
    private const string Unpack = "unpack it";

    private static readonly (int At, byte[] Mark, string Name, string Advice)[] s_formats =
    [
        (0, [0x1F, 0x8B], "packed by gzip", Unpack),
        (0, [0x28, 0xB5, 0x2F, 0xFD], "packed by zstd", Unpack),
        (0, [0xFD, .. "7zXZ"u8], "packed by xz", Unpack),
        (0, [.. "BZh"u8], "packed by bzip2", Unpack),
        (0, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive", Unpack),
        (257, [.. "ustar"u8], "a tar archive", Unpack),
        (0, [0x50, 0x4B, 0x03, 0x04], "a zip archive, as PyTorch and Keras write their models", $"{Export}, or unpack it"),
        (0, [0x80, 0x02], "a pickle, as PyTorch wrote its models", Export),
        (0, [0x80, 0x04], "a pickle", Export),
        (0, [0x89, .. "HDF"u8], "HDF5, as Keras writes its models", Export),
        (4, [.. "TFL3"u8], "a model of TensorFlow Lite", Export),
        (4, [.. "ORTM"u8], "a model in ONNX Runtime's own format", "give the .onnx file that it was made of"),
        (0, [.. "GGUF"u8], "a model in the format GGUF", Export),
        (0, [.. "ftrt"u8], "an engine of TensorRT", "give the .onnx file that it was made of"),
        (0, [0x89, .. "PNG"u8], "a PNG image", "give a model"),
        (0, [0xFF, 0xD8, 0xFF], "a JPEG image", "give a model"),
        (0, [.. "version https://git-lfs"u8], "a pointer of Git LFS to the model", "fetch it with git lfs pull"),
        (0, [.. "<"u8], "XML or HTML", "give the .onnx file"),
        (0, [.. "{"u8], "JSON", "give the .onnx file"),
    ];

    /// <summary>A clause that says what the file is, and what to do; null where that cannot be told.</summary>
    public static string? Describe(ReadOnlySpan<byte> file)
    {
        foreach (var (at, mark, name, advice) in s_formats)
        {
            if (file.Length > at && file[at..].StartsWith(mark))
            {
                return Clause(name, advice);
            }
        }

        return IsSafeTensors(file) ? Clause("weights in the format safetensors", Export)
            : IsText(file) ? Clause("text", "give the .onnx file")
            : null;
    }

    private static string Clause(string name, string advice) => $"the file is {name}, and no ONNX model; {advice}";

    // The length of a JSON header, and the header.
    private static bool IsSafeTensors(ReadOnlySpan<byte> file) =>
        file.Length > 8 && file[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(file) <= (ulong)file.Length - 8;

    private static bool IsText(ReadOnlySpan<byte> file)
    {
        var start = file[..Math.Min(file.Length, TextLength)];
        foreach (var b in start)
        {
            if (b is not ((>= 0x20 and < 0x7F) or (byte)'\n' or (byte)'\r' or (byte)'\t'))
            {
                return false;
            }
        }

        return true;
    }
}
