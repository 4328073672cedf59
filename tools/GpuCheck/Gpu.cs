using System.ComponentModel;
using System.Diagnostics;

namespace GpuCheck;

/// <summary>The machine's GPU, as its driver names it.</summary>
internal static class Gpu
{
    /// <summary>Name, driver and memory of the first GPU; null where there is no driver.</summary>
    public static string? Name()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(
                "nvidia-smi",
                ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])
            { RedirectStandardOutput = true })!;
            var line = process.StandardOutput.ReadLine();
            process.WaitForExit();
            return process.ExitCode == 0 ? line : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
