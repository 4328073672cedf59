using System.Text;
using Microsoft.Win32.SafeHandles;
using OnnxPrune.Graphs;

namespace OnnxPrune.Serialization;

/// <summary>
/// Opens files to read. What is no file, such as a pipe that nobody writes to or a device without an end, is refused before it is opened.
/// </summary>
internal static class InputFile
{
    /// <exception cref="UsageException">The path is empty, or leads to nothing or to what is no file; or the file may not be
    /// read.</exception>
    public static SafeFileHandle Open(string path)
    {
        try
        {
            Check(path);
            return File.OpenHandle(path, options: FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"'{path}' does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <inheritdoc cref="Open"/>
    public static FileStream OpenStream(string path) => new(Open(path), FileAccess.Read);

    /// <summary>The whole file.</summary>
    /// <param name="most">How many bytes such a file may have.</param>
    /// <exception cref="UsageException">As for <see cref="Open"/>; or the file has more bytes.</exception>
    /// <exception cref="ChangedFileException">The file becomes shorter while it is read.</exception>
    public static byte[] ReadAllBytes(string path, long most)
    {
        using var file = Open(path);
        var length = RandomAccess.GetLength(file);
        return length <= most
            ? ReadAllBytes(file, path)
            : throw new UsageException($"'{path}' has {length} bytes, where at most {most} are read.");
    }

    /// <summary>The whole of an open file.</summary>
    internal static byte[] ReadAllBytes(SafeFileHandle file, string path)
    {
        try
        {
            var bytes = LargeArray.Allocate(checked((int)RandomAccess.GetLength(file)));
            Fill(bytes, file, 0, path);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <inheritdoc cref="ReadAllBytes(string, long)"/>
    public static string ReadAllText(string path, long most)
    {
        using var reader = new StreamReader(new MemoryStream(ReadAllBytes(path, most)), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Reads until the buffer is full.</summary>
    /// <exception cref="ChangedFileException">The file ends before.</exception>
    internal static void Fill(Span<byte> buffer, SafeFileHandle file, long offset, string path)
    {
        while (buffer.Length > 0)
        {
            var read = RandomAccess.Read(file, buffer, offset);
            if (read == 0)
            {
                throw ChangedFileException.For(path);
            }

            buffer = buffer[read..];
            offset += read;
        }
    }

    /// <summary>True if the path leads to anything, or is one of the program's own streams.</summary>
    public static bool IsThere(string path)
    {
        try
        {
            return FileStatus.IsStream(path) || FileStatus.Of(path) is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>True if there is a file, which is not opened.</summary>
    /// <exception cref="UsageException">The path is empty, or leads to nothing or to what is no file.</exception>
    public static void Check(string path)
    {
        try
        {
            CheckKind(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    private static void CheckKind(string path)
    {
        if (path.Length == 0)
        {
            throw new UsageException("An empty path names no file.");
        }

        if (FileStatus.IsStream(path))
        {
            throw new UsageException($"'{path}' is a stream, and what is read must be a file; save it to one and give its path.");
        }

        var kind = (FileStatus.Of(path) ?? throw new UsageException($"'{path}' does not exist.")).Kind;
        if (kind != FileKind.Regular)
        {
            throw new UsageException($"'{path}' is {FileStatus.Describe(kind)}; give the path of a file.");
        }
    }
}
