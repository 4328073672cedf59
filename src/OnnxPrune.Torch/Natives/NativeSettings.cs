using System.Runtime.InteropServices;
using OnnxPrune.Runtime.Natives;
using TorchSharp;

namespace OnnxPrune.Torch.Natives;

/// <summary>Settings of libtorch's libraries that TorchSharp has no call for.</summary>
internal static class NativeSettings
{
    /// <summary>
    /// Lets libtorch's threads sleep while they wait for each other: as they come, they wait busily, and beside another process two of them
    /// take longer than one. Keeps oneDNN to AVX2: with its AVX-512 kernels, gradients that several threads compute at once end the process
    /// now and then (docs/training.md). Whoever has said otherwise in the environment is obeyed.
    /// </summary>
    public static void BeforeLoading()
    {
        NativeEnvironment.SetWhereUnset("OMP_WAIT_POLICY", "PASSIVE");
        NativeEnvironment.SetWhereUnset("ONEDNN_MAX_CPU_ISA", "AVX2");
    }

    /// <summary>
    /// Turns NNPACK off: where a processor lacks what it needs, libtorch says so on stderr at every single convolution that asks for it.
    /// </summary>
    public static unsafe void AfterLoading()
    {
        if (NativeLibrary.TryLoad("libtorch_cpu.so", typeof(torch).Assembly, null, out var library)
            && NativeLibrary.TryGetExport(library, "_ZN2at13globalContextEv", out var context)
            && NativeLibrary.TryGetExport(library, "_ZN2at7Context20setUserEnabledNNPACKEb", out var enable))
        {
            ((delegate* unmanaged<nint, byte, void>)enable)(((delegate* unmanaged<nint>)context)(), 0);
        }
    }

    /// <summary>
    /// Lets glibc keep memory that is freed, of any size. As it comes, tensors of some megabytes are mapped anew at every step of a
    /// training, and the system clears each page. Whoever has said otherwise in the environment is obeyed; other C libraries go on as they
    /// are.
    /// </summary>
    public static unsafe void KeepFreedMemory()
    {
        const int TrimThreshold = -1;
        const int MostMappings = -4;
        if (OperatingSystem.IsLinux()
            && Environment.GetEnvironmentVariables().Keys
                .Cast<string>()
                .All(n => n != "GLIBC_TUNABLES" && !n.StartsWith("MALLOC_", StringComparison.Ordinal))
            && NativeLibrary.TryLoad("libc.so.6", out var library)
            && NativeLibrary.TryGetExport(library, "mallopt", out var option))
        {
            var set = (delegate* unmanaged<int, int, int>)option;
            _ = set(MostMappings, 0);
            _ = set(TrimThreshold, int.MaxValue);
        }
    }
}
