using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>
/// One arena for the values of all sessions on the CPU. Calibration opens hundreds of small sessions; with an arena of its own, each would
/// ask the system for memory that the one before has just given back, and the system clears every page of it anew. It takes at most what
/// the machine or the container has: beyond, a run fails with one sentence.
/// </summary>
/// <remarks>
/// By the C API: "OrtStatus* CreateArenaCfgV2(const char* const* keys, const size_t* values, size_t count, OrtArenaCfg**)" and "OrtStatus*
/// CreateAndRegisterAllocatorV2(OrtEnv*, const char* provider, const OrtMemoryInfo*, const OrtArenaCfg*, const char* const* keys, const
/// char* const* values, size_t count)".
/// </remarks>
internal static unsafe class SharedArena
{
    // kSameAsRequested: it grows by what is asked for. Doubling each time was no faster, and takes more.
    private const nuint AsRequested = 1;

    /// <summary>True if sessions may use it.</summary>
    public static bool IsThere { get; private set; }

    /// <summary>Makes it. Where the runtime refuses, sessions keep arenas of their own.</summary>
    public static void Register(OrtEnv environment)
    {
        var api = RuntimeApi.Table;
        var (memory, settings) = (IntPtr.Zero, IntPtr.Zero);
        var keys = stackalloc IntPtr[] { Marshal.StringToCoTaskMemUTF8("arena_extend_strategy"), Marshal.StringToCoTaskMemUTF8("max_mem") };
        var provider = Marshal.StringToCoTaskMemUTF8("CPUExecutionProvider");
        try
        {
            var values = stackalloc nuint[] { AsRequested, (nuint)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes };
            IsThere = IsDone(RuntimeApi.DescribeMemory(&memory))
                && IsDone(((delegate* unmanaged<IntPtr*, nuint*, nuint, IntPtr*, IntPtr>)api.CreateArenaCfgV2)(keys, values, 2, &settings))
                && IsDone(((delegate* unmanaged<IntPtr, IntPtr, IntPtr, IntPtr, IntPtr*, IntPtr*, nuint, IntPtr>)api
                    .CreateAndRegisterAllocatorV2)(environment.DangerousGetHandle(), provider, memory, settings, null, null, 0));
        }
        finally
        {
            Marshal.FreeCoTaskMem(keys[0]);
            Marshal.FreeCoTaskMem(keys[1]);
            Marshal.FreeCoTaskMem(provider);
            if (settings != IntPtr.Zero)
            {
                ((delegate* unmanaged<IntPtr, void>)api.ReleaseArenaCfg)(settings);
            }

            if (memory != IntPtr.Zero)
            {
                ((delegate* unmanaged<IntPtr, void>)api.ReleaseMemoryInfo)(memory);
            }
        }
    }

    private static bool IsDone(IntPtr status) => RuntimeApi.Failure(status) is null;
}
