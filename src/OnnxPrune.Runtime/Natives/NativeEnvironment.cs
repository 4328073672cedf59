using System.Runtime.InteropServices;

namespace OnnxPrune.Runtime.Natives;

/// <summary>Variables of the environment as native libraries see them: .NET's own environment is a copy.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable that is not set; on Linux only. To be called before the library that reads it is loaded.</summary>
    public static void SetWhereUnset(string name, string value)
    {
        if (OperatingSystem.IsLinux())
        {
            SetEnvironment(name, value, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
