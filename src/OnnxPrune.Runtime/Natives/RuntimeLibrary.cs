using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace OnnxPrune.Runtime.Natives;

/// <summary>
/// Which of ONNX Runtime's libraries is loaded: the one beside the program; or, where there is a GPU and the CUDA provider does not lie
/// beside the program as well, that of the package, since a provider must lie beside the library that loads it.
/// </summary>
internal static class RuntimeLibrary
{
    /// <summary>
    /// Set to 1 before the library is loaded, it keeps ONNX Runtime from uploading the names, hashes and producers of the models that are
    /// opened, and from keeping an identifier of the machine in the user's cache, as it does since 1.29 (onnxruntime#27379).
    /// </summary>
    public const string SilencingVariable = "ORT_DISABLE_TELEMETRY";

    private const string CudaProvider = "libonnxruntime_providers_cuda.so";

    private static readonly NativePackage s_package = NativePackage.BuiltWith(
        typeof(RuntimeLibrary).Assembly, "Microsoft.ML.OnnxRuntime.Gpu.Linux", "ONNX Runtime's CUDA provider",
        "245 MB to download, 560 MB on disk");

    private static bool IsFetched =>
        OperatingSystem.IsLinux() && CudaDriver.Version is not null && ProgramFolder.Find(CudaProvider) is null;

    /// <summary>Fetches what CUDA needs, where only that is missing. Before <see cref="Choose"/>.</summary>
    /// <exception cref="UsageException">It cannot be fetched.</exception>
    public static void PrepareCuda()
    {
        if (IsFetched)
        {
            s_package.FindOrFetch();
        }
    }

    /// <summary>
    /// Decides what is loaded by the first call of ONNX Runtime, and that it uploads nothing unless the environment says so. Once the
    /// library is loaded this changes nothing.
    /// </summary>
    public static void Choose()
    {
        NativeEnvironment.SetWhereUnset(SilencingVariable, "1");
        OrtEnv.DisableDllImportResolver = true;
        try
        {
            NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, Resolve);
        }
        catch (InvalidOperationException)
        {
            // The program that uses us has decided already.
        }
    }

    /// <summary>The place of the CUDA provider, or its lack; for people.</summary>
    public static string DescribeCuda() => CudaDriver.Version is not { } driver
        ? "CUDA not installed (no NVIDIA driver)"
        : $"CUDA {driver} (driver), "
            + ((ProgramFolder.Find(CudaProvider) is { } beside ? Path.GetDirectoryName(beside) : s_package.Folder) is { } folder
            ? $"provider in '{folder}'"
            : "provider not installed ('--provider cuda' fetches it)");

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        name.StartsWith("onnxruntime", StringComparison.Ordinal) && IsFetched && s_package.Folder is { } folder
            ? NativeLibrary.Load(Path.Combine(folder, "libonnxruntime.so"))
            : 0;
}
