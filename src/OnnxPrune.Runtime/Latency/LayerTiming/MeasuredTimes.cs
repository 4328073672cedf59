using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>The times of this machine's kernels, from timed layers; remembered between runs, see <see cref="TimingCache"/>.</summary>
internal static class MeasuredTimes
{
    /// <summary>
    /// The multiple of channels that the kernels work on; measured once per machine and runtime, which takes about a second.
    /// </summary>
    /// <param name="settings">What the network will run on.</param>
    /// <param name="integers">What its layers will compute with; null for floats.</param>
    public static int Multiple(SessionSettings settings, QuantizationScheme? integers = null)
    {
        // The width of a kernel's tile does not depend on threads, and neither must what is cut.
        settings = Resolve(settings) with { Threads = 1 };
        var cache = TimingCache.Open(settings, integers);
        var multiple = ChannelMultiple.Measure(shape => Time(cache, shape, settings, integers), settings.Provider);
        cache.Save();
        return multiple;
    }

    /// <summary>The times of a model's layers: each at the pace of a few of its widths, and by whole multiples.</summary>
    /// <param name="model">With shapes.</param>
    /// <param name="integers">What the layers will compute with; null for floats.</param>
    public static LayerTimes Of(
        Model model, CostShapes shapes, SessionSettings settings, int multiple, Action<double>? progress = null,
        QuantizationScheme? integers = null)
    {
        settings = Resolve(settings);
        var cache = TimingCache.Open(settings, integers);
        var counting = new LayerTimes(multiple);
        var layers = LayerShapes.Of(model, shapes).ToArray();
        var paces = new Dictionary<string, LayerPace>();
        for (var i = 0; i < layers.Length; i++)
        {
            if (layers[i].Shape is { } shape)
            {
                paces[layers[i].Layer.Output.Name] = LayerTimeFit.Measure(shape, counting, s => Time(cache, s, settings, integers));
            }

            progress?.Invoke((i + 1.0) / layers.Length);
        }

        cache.Save();

        // A layer that could not be timed is as fast as most.
        var usual = paces.Count == 0
            ? new LayerPace(1)
            : new LayerPace(paces.Values.Select(p => p.PerMac).Order().ElementAt(paces.Count / 2));
        foreach (var (layer, shape) in layers)
        {
            if (shape is null)
            {
                paces[layer.Output.Name] = usual;
            }
        }

        return new LayerTimes(multiple, paces);
    }

    /// <summary>
    /// The milliseconds that integers save in each layer, by the name of its output; layers that cannot be timed are left out.
    /// </summary>
    /// <param name="model">With shapes.</param>
    public static IReadOnlyDictionary<string, double> Savings(
        Model model, CostShapes shapes, SessionSettings settings, QuantizationScheme integers)
    {
        settings = Resolve(settings);
        var (floats, quantized) = (TimingCache.Open(settings), TimingCache.Open(settings, integers));
        var savings = LayerShapes.Of(model, shapes).Where(l => l.Shape is not null).ToDictionary(
            l => l.Layer.Output.Name, l => Time(floats, l.Shape!, settings, null) - Time(quantized, l.Shape!, settings, integers));
        floats.Save();
        quantized.Save();
        return savings;
    }

    private static double Time(TimingCache cache, LayerShape shape, SessionSettings settings, QuantizationScheme? integers) =>
        cache.Get(shape.Key, () => LayerTimer.Measure(shape, settings, integers));

    private static SessionSettings Resolve(SessionSettings settings) => settings with { Provider = Providers.Resolve(settings.Provider) };
}
