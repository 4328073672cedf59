using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using OnnxPrune.Serialization;

namespace OnnxPrune.Cli.Sweeping;

/// <summary>Hashes of the content of inputs, so that results are known to be of the same.</summary>
internal static class InputHash
{
    private static readonly EnumerationOptions s_all = new() { RecurseSubdirectories = true, AttributesToSkip = 0 };

    /// <summary>SHA-256 of texts, in hexadecimal; where one ends and the next begins counts.</summary>
    public static string Of(IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts)
        {
            Append(hash, text);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of a model, with the files that its weights lie in.</summary>
    public static string OfModel(string path) => OfFiles([path, .. OnnxFile.ExternalFiles(OnnxFile.Read(path))]);

    /// <summary>Of all files in a folder, all that a pattern names, the tensors beside one, or a file.</summary>
    /// <exception cref="UsageException">One of them cannot be read.</exception>
    public static string OfData(string path)
    {
        if (Directory.Exists(path))
        {
            return OfFiles(Directory.EnumerateFiles(path, "*", s_all));
        }

        var name = Path.GetFileName(path);
        var pattern = name.Contains('*') ? name : Path.GetExtension(name).Equals(".pb", StringComparison.OrdinalIgnoreCase) ? "*.pb" : null;
        return OfFiles(pattern is null ? [path] : Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, pattern));
    }

    private static string OfFiles(IEnumerable<string> paths)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        foreach (var path in paths.Order(StringComparer.Ordinal))
        {
            Append(hash, Path.GetFileName(path));
            using var stream = InputFile.OpenStream(path);
            Append(hash, stream.Length);
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, read);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Append(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Append(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
