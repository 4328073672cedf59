using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>
/// The multiple that channel counts should keep. ONNX Runtime's CPU kernels work on blocks of channels as wide as a vector register, and a
/// count between two blocks takes as long as the next full block; tensor cores work on multiples of 8.
/// </summary>
internal static class ChannelMultiple
{
    private const int Channels = 64;
    private const int MapSize = 14;
    private static readonly int[] s_candidates = [4, 8, 16];

    /// <summary>
    /// The least number of channels whose removal from a common layer gives back at least half of the time that it gives by MACs.
    /// Where none does, since the layer is over too fast to tell: 16 on a CPU with AVX-512, 8 elsewhere.
    /// </summary>
    public static int Measure(Func<LayerShape, double> milliseconds, ExecutionProvider provider)
    {
        var whole = milliseconds(Layer(Channels));
        foreach (var step in s_candidates)
        {
            var byMacs = 1 - (double)Layer(Channels - step).Macs / Layer(Channels).Macs;
            if (1 - (milliseconds(Layer(Channels - step)) / whole) >= byMacs / 2)
            {
                return step;
            }
        }

        return Usual(provider);
    }

    /// <summary>The known multiples of the kernels, without asking the clock.</summary>
    public static int Usual(ExecutionProvider provider) => provider == ExecutionProvider.Cpu && Processor.HasAvx512 ? 16 : 8;

    private static LayerShape Layer(long channels) => new([3, 3], [MapSize, MapSize], channels, channels, false);
}
