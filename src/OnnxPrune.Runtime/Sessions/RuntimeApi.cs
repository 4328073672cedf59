using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>The table of ONNX Runtime's C API, for functions that the managed package has no method for.</summary>
internal static unsafe class RuntimeApi
{
    // The functions used here are older than this version.
    private const uint Version = 18;

    private static readonly Lazy<OrtApi> s_table = new(() =>
        // OrtApiBase starts with "const OrtApi* (*GetApi)(uint32_t version)".
        Marshal.PtrToStructure<OrtApi>(((delegate* unmanaged<uint, IntPtr>)GetApiBase()[0])(Version)));

    /// <summary>The library must be loaded.</summary>
    public static OrtApi Table => s_table.Value;

    /// <summary>Describes memory of the CPU; released by ReleaseMemoryInfo.</summary>
    /// <returns>A status.</returns>
    public static IntPtr DescribeMemory(IntPtr* memory)
    {
        // OrtArenaAllocator and OrtMemTypeDefault, after onnxruntime_c_api.h.
        const int Arena = 1;
        const int DefaultMemory = 0;
        return ((delegate* unmanaged<int, int, IntPtr*, IntPtr>)Table.CreateCpuMemoryInfo)(Arena, DefaultMemory, memory);
    }

    /// <summary>The message of a status, which is released; null where all went well.</summary>
    public static string? Failure(IntPtr status)
    {
        if (status == IntPtr.Zero)
        {
            return null;
        }

        var message = Marshal.PtrToStringUTF8(((delegate* unmanaged<IntPtr, IntPtr>)Table.GetErrorMessage)(status));
        ((delegate* unmanaged<IntPtr, void>)Table.ReleaseStatus)(status);
        return message ?? "";
    }

    [DllImport("onnxruntime", EntryPoint = "OrtGetApiBase")]
    private static extern IntPtr* GetApiBase();
}
