using System.Runtime.Intrinsics.X86;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Quantization;

/// <summary>Properties of this machine's products of bytes.</summary>
internal static class IntegerProducts
{
    /// <summary>True if products of bytes are added in 32 bits, so that nothing saturates: by VNNI, or on ARM.</summary>
    public static bool AreExact => !X86Base.IsSupported || Processor.HasVnni;

    /// <summary>The scheme that ONNX Runtime computes exactly here.</summary>
    public static QuantizationScheme SchemeOfThisMachine => AreExact ? QuantizationScheme.Cpu : QuantizationScheme.CpuAvx2;
}
