using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using OnnxPrune.Runtime.Natives;

namespace OnnxPrune.Torch.Natives;

/// <summary>
/// Loads libtorch's libraries by their paths before TorchSharp asks for them by name, when the system's loader answers with those that are
/// loaded. So they need not lie beside the program, and TorchSharp's own library is mended where it would not load.
/// </summary>
internal static partial class TorchNatives
{
    private const string TorchSharpLibrary = "libLibTorchSharp.so";

    // The only need that is newer than Debian 12: see ElfVersionNeeds.
    private const string NeededVersion = "GLIBCXX_3.4.32";

    private static readonly NativePackage s_package = NativePackage.BuiltWith(
        typeof(TorchNatives).Assembly, "libtorch-cpu-linux-x64", "libtorch", "128 MB to download, 630 MB on disk");

    private static string? Folder => ProgramFolder.Find("libtorch_cpu.so") is { } beside ? Path.GetDirectoryName(beside) : s_package.Folder;

    /// <summary>
    /// Loads them, and fetches them first where they are missing. On other systems than Linux TorchSharp finds its libraries alone.
    /// </summary>
    /// <exception cref="UsageException">They are missing and cannot be fetched.</exception>
    /// <exception cref="DllNotFoundException">One of them does not load.</exception>
    public static void Load()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // Where the system's loader finds a libtorch (LD_LIBRARY_PATH), such as PyTorch's, that one is taken before any is fetched.
        if (Folder is not null || !NativeLibrary.TryLoad("libtorch_cpu.so", out _))
        {
            var folder = Folder ?? s_package.FindOrFetch();
            NativeLibrary.Load(Path.Combine(folder, "libtorch_cpu.so"));
            NativeLibrary.Load(Path.Combine(folder, "libtorch.so"));
        }

        if (ProgramFolder.Find(TorchSharpLibrary) is { } path && !NativeLibrary.TryLoad(path, out _))
        {
            LoadMended(path);
        }
    }

    /// <summary>The version of libtorch and its folder, or that it is not installed; for people. Loads nothing.</summary>
    public static string Describe() => Folder is { } folder
        ? $"libtorch {s_package.Version}, in '{folder}'"
        : $"libtorch not installed ('train', 'finetune' and '--calib' fetch {s_package.Version}: {s_package.Size})";

    private static void LoadMended(string path)
    {
        var library = File.ReadAllBytes(path);
        ElfVersionNeeds.Weaken(library, NeededVersion);
        using var copy = new SafeFileHandle(CreateInMemory(TorchSharpLibrary, 0), ownsHandle: true);
        if (copy.IsInvalid)
        {
            throw new DllNotFoundException($"'{path}' needs {NeededVersion} of libstdc++, and memory for a mended copy cannot be had.");
        }

        RandomAccess.Write(copy, library, 0);
        NativeLibrary.Load($"/proc/self/fd/{copy.DangerousGetHandle()}");
    }

    /// <summary>memfd_create(2): a file that has no place on a disk. The loader maps it; it goes with the process.</summary>
    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateInMemory(string name, uint flags);
}
