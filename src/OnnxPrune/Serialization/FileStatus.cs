using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace OnnxPrune.Serialization;

/// <summary>The kinds of things that a path can lead to.</summary>
internal enum FileKind
{
    /// <summary>A file with a length.</summary>
    Regular,
    Folder,
    Device,

    /// <summary>A named pipe, or one that a shell made.</summary>
    Pipe,
    Socket,
}

/// <summary>The file at the end of a path, every link followed. Asking opens nothing, so that it never waits.</summary>
/// <param name="Identity">The same for two paths to one file, hard links included: device and inode; where the system tells none, the path
/// without links.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Modified">When the content changed last, as a number that only comparing makes sense for.</param>
internal readonly partial record struct FileStatus(FileKind Kind, string Identity, long Length, long Modified)
{
    // Linux follows as many before it takes them for a circle.
    private const int MostLinks = 40;

    /// <summary>Null where nothing is, or a link leads nowhere.</summary>
    /// <exception cref="IOException">The path is none that a file can have, or links lead in a circle.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder on the way may not be looked into.</exception>
    public static FileStatus? Of(string path) => OperatingSystem.IsLinux() ? OfLinux(path) : OfOthers(path);

    /// <summary>The absolute path with every link on the way and at its end followed; what does not exist stays as it is written.</summary>
    /// <exception cref="IOException">Links lead in a circle.</exception>
    public static string RealPath(string path)
    {
        var full = Path.GetFullPath(path);
        var (real, open, links) = (Path.GetPathRoot(full)!, new Stack<string>(), 0);
        Push(full);
        while (open.TryPop(out var name))
        {
            var next = name == ".." ? Path.GetDirectoryName(real) ?? real : Path.Combine(real, name);
            if (name == ".." || new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new IOException($"Too many levels of symbolic links in '{path}'.");
            }

            real = Path.IsPathRooted(target) ? Path.GetPathRoot(target)! : real;
            Push(target);
        }

        return real;

        void Push(string names)
        {
            foreach (var name in names
                .Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries)
                .Where(n => n != ".")
                .Reverse())
            {
                open.Push(name);
            }
        }
    }

    /// <summary>True if two paths mean one file, which need not exist yet.</summary>
    /// <exception cref="IOException">A path is none that a file can have, or links lead in a circle.</exception>
    public static bool AreSame(string a, string b) =>
        RealPath(a) == RealPath(b) || (Of(a) is { } one && Of(b) is { } other && one.Identity == other.Identity);

    // /dev/stdin and the like lead to whatever the program was started with, and say nothing of what that is.
    internal static bool IsStream(string path) =>
        path.Length > 0 && Path.GetFullPath(path) is var full && (full.StartsWith("/dev/std", StringComparison.Ordinal)
            || full.StartsWith("/dev/fd/", StringComparison.Ordinal) || full.StartsWith("/proc/self/fd/", StringComparison.Ordinal));

    /// <summary>The kind in words: "a device".</summary>
    internal static string Describe(FileKind kind) => kind switch
    {
        FileKind.Regular => "a file",
        FileKind.Folder => "a folder",
        FileKind.Pipe => "a pipe",
        FileKind.Socket => "a socket",
        _ => "a device",
    };

    /// <remarks>statx(2), whose structure is the same on every processor: the offsets below are those of struct statx.</remarks>
    private static unsafe FileStatus? OfLinux(string path)
    {
        const int CurrentFolder = -100;
        const uint BasicFields = 0x7ff;
        var name = new byte[Encoding.UTF8.GetByteCount(path) + 1];
        Encoding.UTF8.GetBytes(path, name);
        if (path.Contains('\0'))
        {
            throw new IOException("Null character in path.");
        }

        Span<byte> found = stackalloc byte[256];
        fixed (byte* at = name, buffer = found)
        {
            if (Statx(CurrentFolder, at, 0, BasicFields, buffer) != 0)
            {
                return Fail(path, Marshal.GetLastPInvokeError());
            }
        }

        var mode = BinaryPrimitives.ReadUInt16LittleEndian(found[28..]);
        var (inode, length) = (Number(found, 32), (long)Number(found, 40));
        var modified = ((long)Number(found, 112) * 1_000_000_000) + (uint)Number(found, 120);
        return new FileStatus(KindOf(mode), string.Create(CultureInfo.InvariantCulture, $"{Number(found, 136)}:{inode}"), length, modified);

        static ulong Number(ReadOnlySpan<byte> bytes, int offset) => MemoryMarshal.Read<ulong>(bytes[offset..]);
    }

    // S_IFMT and its values, after POSIX as Linux has it.
    private static FileKind KindOf(int mode) => (mode & 0xf000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Folder,
        0x1000 => FileKind.Pipe,
        0xc000 => FileKind.Socket,
        _ => FileKind.Device,
    };

    private static FileStatus? Fail(string path, int error)
    {
        const int NoEntry = 2, NoAccess = 13, NoFolder = 20;
        return error switch
        {
            NoEntry or NoFolder => null,
            NoAccess => throw new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
            _ => throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)}: '{path}'"),
        };
    }

    private static FileStatus? OfOthers(string path)
    {
        if (Directory.Exists(path))
        {
            return new FileStatus(FileKind.Folder, RealPath(path), 0, 0);
        }

        var file = new FileInfo(RealPath(path));
        return !file.Exists ? null : new FileStatus(
            file.Attributes.HasFlag(FileAttributes.Device) ? FileKind.Device : FileKind.Regular, file.FullName, file.Length,
            file.LastWriteTimeUtc.Ticks);
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static unsafe partial int Statx(int folder, byte* path, int flags, uint mask, byte* found);
}
