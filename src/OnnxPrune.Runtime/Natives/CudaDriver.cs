using System.Globalization;
using System.Runtime.InteropServices;

namespace OnnxPrune.Runtime.Natives;

/// <summary>NVIDIA's driver, which no package brings.</summary>
internal static class CudaDriver
{
    private static readonly Lazy<string?> s_version = new(Read);

    /// <summary>The newest CUDA that it serves, such as "13.0"; null without a driver.</summary>
    public static string? Version => s_version.Value;

    private static unsafe string? Read()
    {
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out var driver)
            || !NativeLibrary.TryGetExport(driver, "cuDriverGetVersion", out var export))
        {
            return null;
        }

        // CUresult cuDriverGetVersion(int*): 0 is success, the version is 1000 * major + 10 * minor.
        var version = 0;
        return ((delegate* unmanaged<int*, int>)export)(&version) == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{version / 1000}.{version % 1000 / 10}")
            : null;
    }
}
