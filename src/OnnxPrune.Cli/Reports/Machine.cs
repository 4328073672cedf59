using System.Reflection;
using System.Runtime.InteropServices;

namespace OnnxPrune.Cli.Reports;

/// <summary>The machine and packages that figures of speed depend on.</summary>
internal static class Machine
{
    private const string CpuInfo = "/proc/cpuinfo";

    /// <summary>The processor's name where the system tells it, else its architecture.</summary>
    public static string Cpu
    {
        get
        {
            try
            {
                var line = File.Exists(CpuInfo) ? File.ReadLines(CpuInfo).FirstOrDefault(l =>
                    l.StartsWith("model name", StringComparison.Ordinal)) : null;
                return line?.Split(':', 2)[^1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
            }
            catch (IOException)
            {
                return RuntimeInformation.ProcessArchitecture.ToString();
            }
        }
    }

    /// <summary>This program's version, with the commit that it was made from where the build knew it.</summary>
    public static string Tool =>
        typeof(Machine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
}
