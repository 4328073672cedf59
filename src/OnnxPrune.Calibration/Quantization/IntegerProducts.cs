using System.Runtime.Intrinsics.X86;
using OnnxPrune.Quantization;

namespace OnnxPrune.Calibration.Quantization;

/// <summary>How this machine's processor multiplies bytes.</summary>
public static class IntegerProducts
{
    // CPUID leaf 7: AVX512_VNNI is bit 11 of ECX; in its sub-leaf 1, AVX-VNNI is bit 4 of EAX.
    private const int Features = 7;
    private const int Avx512Vnni = 1 << 11;
    private const int AvxVnni = 1 << 4;

    /// <summary>Whether products of bytes are added in 32 bits, so that nothing saturates.</summary>
    public static bool AreExact =>
        !X86Base.IsSupported || (X86Base.CpuId(0, 0).Eax >= Features && ((X86Base.CpuId(Features, 0).Ecx & Avx512Vnni) != 0 || (X86Base.CpuId(Features, 1).Eax & AvxVnni) != 0));

    /// <summary>What ONNX Runtime computes exactly here.</summary>
    public static QuantizationScheme SchemeOfThisMachine => AreExact ? QuantizationScheme.Cpu : QuantizationScheme.CpuAvx2;
}
