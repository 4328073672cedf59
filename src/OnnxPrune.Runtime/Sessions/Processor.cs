using System.Runtime.Intrinsics.X86;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>
/// The vector instructions of this machine's x86 processor, by CPUID. .NET's own answers (<c>Avx512F.IsSupported</c>) are those that a
/// program was compiled for, and native libraries ask the processor.
/// </summary>
internal static class Processor
{
    private const int Features = 1;
    private const int ExtendedFeatures = 7;

    private static readonly bool s_savesVectors = Leaf(Features).Ecx.Has(27);

    /// <summary>Vectors of 256 bits.</summary>
    public static bool HasAvx2 { get; } = s_savesVectors && Leaf(ExtendedFeatures).Ebx.Has(5);

    /// <summary>Vectors of 512 bits.</summary>
    public static bool HasAvx512 { get; } = s_savesVectors && Leaf(ExtendedFeatures).Ebx.Has(16);

    /// <summary>Sums of products of bytes in 32 bits (VNNI), of any width.</summary>
    public static bool HasVnni { get; } = s_savesVectors && (Leaf(ExtendedFeatures).Ecx.Has(11) || Leaf(ExtendedFeatures, 1).Eax.Has(4));

    private static (int Eax, int Ebx, int Ecx, int Edx) Leaf(int leaf, int part = 0) =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= leaf ? X86Base.CpuId(leaf, part) : default;

    private static bool Has(this int register, int bit) => (register & (1 << bit)) != 0;
}
