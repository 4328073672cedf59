using System.Runtime.Intrinsics.X86;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>
/// The multiple that channel counts should keep. ONNX Runtime's CPU kernels work on blocks of channels as wide as a vector register,
/// and a count between two blocks costs more than the next full block; tensor cores work on multiples of 8.
/// </summary>
public static class ChannelMultiple
{
    /// <summary>16 on a CPU with AVX-512, 8 on other CPUs and on GPUs.</summary>
    public static int Auto(ExecutionProvider provider) =>
        Providers.Resolve(provider) == ExecutionProvider.Cpu && Avx512F.IsSupported ? 16 : 8;
}
