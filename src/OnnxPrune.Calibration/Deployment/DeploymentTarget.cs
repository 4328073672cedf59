using OnnxPrune.Quantization;

namespace OnnxPrune.Calibration.Deployment;

/// <summary>A runtime that the result is meant for: its multiple of channels, and the integers that its kernels take.</summary>
/// <param name="Name">The value of <c>--for</c>.</param>
/// <param name="FloatMultiple">The multiple of channels to keep for floats; null to measure that of this machine.</param>
/// <param name="IntegerMultiple">The same for 8-bit integers.</param>
/// <param name="Scheme">The integers that the runtime computes with; null where it has no integer kernels.</param>
/// <param name="Reason">Why, as a sentence.</param>
internal sealed record DeploymentTarget(
    string Name, int? FloatMultiple, int? IntegerMultiple, QuantizationScheme? Scheme, string Reason)
{
    /// <summary>This machine's own processor and provider; everything is measured.</summary>
    public static DeploymentTarget Here { get; } =
        new("auto", null, null, null, "Multiples are measured on this machine.") { IsTimedHere = true };

    /// <summary>All of them, the one for this machine first.</summary>
    public static IReadOnlyList<DeploymentTarget> All { get; } =
    [
        Here,
        new("cpu", 16, 16, QuantizationScheme.Cpu,
            "ONNX Runtime computes blocks of 16 channels on CPUs with AVX-512 and on ARM, and adds products of bytes in 32 bits by VNNI "
                + "and ARM's dot products.")
            { IsTimedHere = true },
        new("cpu-avx2", 8, 16, QuantizationScheme.CpuAvx2,
            "ONNX Runtime computes blocks of 8 floats on CPUs with AVX2; weights of 7 bits keep its sums of two products in 16 bits.")
            { IsTimedHere = true },
        new("tensorrt", 8, 32, QuantizationScheme.TensorRt,
            "Tensor cores multiply FP16 by 8 channels, and TensorRT packs int8 by 32; zero points must be 0."),
        new("openvino", 16, 16, QuantizationScheme.Cpu,
            "OpenVINO's CPU kernels store blocks of 16 channels on CPUs with AVX-512; activations are uint8, weights int8 by channel."),
        new("xnnpack", 8, 8, QuantizationScheme.Xnnpack,
            "XNNPACK's kernels compute tiles of 8 output channels on ARM; activations and weights are int8, weights by channel."),
        new("coreml", 16, null, null,
            "Apple states no multiple, and 16 half floats fill 32 bytes; ONNX Runtime's CoreML provider has no QuantizeLinear."),
    ];

    /// <summary>The values of <c>--for</c>.</summary>
    public static IEnumerable<string> Names => All.Select(t => t.Name);

    /// <summary>Those of them that compute with integers.</summary>
    public static IEnumerable<string> IntegerNames => All.Where(t => t.Scheme is not null || t == Here).Select(t => t.Name);

    /// <summary>True if the clock of this machine says something about the runtime.</summary>
    public bool IsTimedHere { get; private init; }

    /// <exception cref="InvalidOperationException">There is none of this name.</exception>
    public static DeploymentTarget Named(string name) => All.First(t => t.Name == name);

    /// <summary>The runtime's name; for this machine, that of the integers that were chosen.</summary>
    public string NameWith(QuantizationScheme chosen) => this == Here ? chosen.Name : Name;

    /// <summary>The multiple of channels to keep; null to measure it.</summary>
    public int? Multiple(bool integers) => integers && IntegerMultiple is { } multiple ? multiple : FloatMultiple;
}
