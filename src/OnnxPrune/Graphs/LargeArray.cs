using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OnnxPrune.Graphs;

/// <summary>
/// Arrays of bytes that are about to be filled. Those of megabytes ask Linux for huge pages: with pages of 4 kB, the first touch of each
/// costs more than reading its bytes from a cached file.
/// </summary>
internal static partial class LargeArray
{
    private const int HugePage = 1 << 21;

    /// <summary>An array whose bytes may be anything.</summary>
    public static byte[] Allocate(int length)
    {
        var array = GC.AllocateUninitializedArray<byte>(length);
        if (length >= HugePage && OperatingSystem.IsLinux())
        {
            AskForHugePages(array);
        }

        return array;
    }

    /// <summary>
    /// Advice only: it changes no byte, and where it is refused, or the collector moves the array, pages are of the usual size. It covers
    /// the whole huge pages that the array begins and ends in, which belong to the same heap.
    /// </summary>
    private static unsafe void AskForHugePages(byte[] array)
    {
        const int HugePages = 14; // MADV_HUGEPAGE
        var start = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
        var first = start & ~(nuint)(HugePage - 1);
        var end = (start + (nuint)array.Length + HugePage - 1) & ~(nuint)(HugePage - 1);
        _ = Advise(first, end - first, HugePages);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nuint start, nuint length, int advice);
}
