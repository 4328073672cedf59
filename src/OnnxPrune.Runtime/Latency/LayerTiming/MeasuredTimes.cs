using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>The times of this machine's kernels, from timed layers; remembered between runs, see <see cref="TimingCache"/>.</summary>
internal static class MeasuredTimes
{
    /// <summary>
    /// The multiple of channels that the kernels work on; measured once per machine and runtime, which takes about a second.
    /// </summary>
    /// <param name="settings">What the network will run on.</param>
    public static int Multiple(SessionSettings settings)
    {
        // The width of a kernel's tile does not depend on threads, and neither must what is cut.
        settings = Resolve(settings) with { Threads = 1 };
        var cache = TimingCache.Open(settings);
        var multiple = ChannelMultiple.Measure(shape => Time(cache, shape, settings), settings.Provider);
        cache.Save();
        return multiple;
    }

    /// <summary>The times of a model's layers: each at the pace of a few of its widths, and by whole multiples.</summary>
    /// <param name="model">With shapes.</param>
    public static LayerTimes Of(Model model, CostShapes shapes, SessionSettings settings, int multiple, Action<double>? progress = null)
    {
        settings = Resolve(settings);
        var cache = TimingCache.Open(settings);
        var counting = new LayerTimes(multiple);
        var layers = LayerShapes.Of(model, shapes).ToArray();
        var paces = new Dictionary<string, LayerPace>();
        for (var i = 0; i < layers.Length; i++)
        {
            if (layers[i].Shape is { } shape)
            {
                paces[layers[i].Layer.Output.Name] = LayerTimeFit.Measure(shape, counting, s => Time(cache, s, settings));
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

    private static double Time(TimingCache cache, LayerShape shape, SessionSettings settings) =>
        cache.Get(shape.Key, () => LayerTimer.Measure(shape, settings));

    private static SessionSettings Resolve(SessionSettings settings) => settings with { Provider = Providers.Resolve(settings.Provider) };
}
