using System.Runtime.InteropServices;

namespace OnnxPrune.Cli.Commands;

/// <summary>
/// The number of files that the process may have open at once. With too few, libraries fail wherever they happen to open the next one, some
/// without a word; so the program asks before it loads any.
/// </summary>
internal static unsafe partial class DescriptorLimit
{
    // A plain run failed with 100 and not with 128; what libtorch and two more processes open comes on top.
    private const ulong Needed = 256;

    // RLIMIT_NOFILE; the runtime has raised the soft limit to the hard one.
    private const int OpenFiles = 7;

    private const int StandardError = 2;

    /// <summary>Says so where they are too few, by means that open nothing.</summary>
    public static bool IsTooLow()
    {
        var limits = stackalloc ulong[2];
        if (!OperatingSystem.IsLinux() || GetLimit(OpenFiles, limits) != 0 || limits[0] >= Needed)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[256];
        var length = 0;
        Append(text, ref length, "onnxprune: At most "u8);
        limits[0].TryFormat(text[length..], out var digits);
        length += digits;
        Append(
            text,
            ref length,
            " files may be open at once here, where 256 are needed; raise the limit (ulimit -n 256). Nothing was written.\n"u8);
        fixed (byte* start = text)
        {
            _ = Write(StandardError, start, length);
        }

        return true;
    }

    private static void Append(Span<byte> text, ref int length, ReadOnlySpan<byte> more)
    {
        more.CopyTo(text[length..]);
        length += more.Length;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ulong* limits);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int descriptor, byte* bytes, nint count);
}
