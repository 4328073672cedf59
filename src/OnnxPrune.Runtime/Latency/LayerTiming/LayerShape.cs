using System.Globalization;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>
/// A layer as its kernel sees it: what decides how long it takes, besides the machine. A stride or a dilation is left out: a layer takes
/// about as long as one without that makes an output of the same size.
/// </summary>
/// <param name="Kernel">Sizes of the kernel, one per spatial axis; empty for a matrix product.</param>
/// <param name="Output">Sizes of the output's spatial axes; for a matrix product, its rows.</param>
/// <param name="Inputs">Input channels.</param>
/// <param name="Outputs">Output channels.</param>
/// <param name="IsDepthwise">Whether each channel has its own kernel; inputs and outputs are then the same.</param>
internal sealed record LayerShape(IReadOnlyList<long> Kernel, IReadOnlyList<long> Output, long Inputs, long Outputs, bool IsDepthwise)
{
    /// <summary>Multiply-accumulates of one run.</summary>
    public long Macs => Kernel.Concat(Output).Aggregate(IsDepthwise ? Outputs : Inputs * Outputs, (a, b) => a * b);

    /// <summary>The name under which its time is remembered, such as <c>3x3@32x32:16-16</c>.</summary>
    public string Key => string.Create(
        CultureInfo.InvariantCulture,
        $"{string.Join('x', Kernel)}@{string.Join('x', Output)}:{Inputs}{(IsDepthwise ? "d" : "-")}{Outputs}");
}
