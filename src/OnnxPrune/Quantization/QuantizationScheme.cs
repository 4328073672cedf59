using OnnxPrune.Graphs;

namespace OnnxPrune.Quantization;

/// <summary>
/// Which integers a runtime computes fast with. Weights are always int8, symmetric, with one scale for each output channel.
/// </summary>
/// <param name="Name">How the command line calls it.</param>
/// <param name="Activations">UInt8 or Int8, with one scale and zero point for each value.</param>
/// <param name="IsSymmetric">Whether zero points of activations are 0.</param>
/// <param name="LargestWeight">Weights lie in −LargestWeight..LargestWeight.</param>
internal sealed record QuantizationScheme(string Name, ElementType Activations, bool IsSymmetric, int LargestWeight)
{
    /// <summary>CPUs that add products of bytes in 32 bits: VNNI of x86, dot products of ARM.</summary>
    public static QuantizationScheme Cpu { get; } = new("cpu", ElementType.UInt8, false, 127);

    /// <summary>
    /// CPUs whose widest product of bytes is VPMADDUBSW: it adds two of them in 16 bits and saturates. 255·64·2 = 32,640 still fits, so
    /// weights take 7 bits.
    /// </summary>
    public static QuantizationScheme CpuAvx2 { get; } = new("cpu-avx2", ElementType.UInt8, false, 64);

    /// <summary>
    /// TensorRT: zero points are 0, biases stay float, and of the operands of an Add that a layer is fused with only the shortcut is
    /// quantized.
    /// </summary>
    public static QuantizationScheme TensorRt { get; } = new("tensorrt", ElementType.Int8, true, 127) { IsForTensorRt = true };

    /// <summary>XNNPACK: int8 on both sides; zero points of activations are free.</summary>
    public static QuantizationScheme Xnnpack { get; } = new("xnnpack", ElementType.Int8, false, 127);

    /// <summary>True if the graph is laid out for TensorRT rather than for ONNX Runtime's CPU provider.</summary>
    public bool IsForTensorRt { get; private init; }

    /// <summary>The smallest integer of activations.</summary>
    public int Lowest => Activations == ElementType.UInt8 ? 0 : IsSymmetric ? -127 : -128;

    /// <summary>The largest integer of activations.</summary>
    public int Highest => Activations == ElementType.UInt8 ? 255 : 127;
}
