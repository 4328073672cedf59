using System.Text.Json;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Latency.LayerTiming;

/// <summary>Times the layers of two models within whole runs, where they find the caches and the layouts that they find in use.</summary>
internal static class LayerProfiler
{
    /// <summary>Runs both models in turn for a part of the time of a race.</summary>
    /// <param name="other">Keeps the names of the values, or has the same layers in the same order.</param>
    /// <param name="inputs">What both are fed.</param>
    public static LayerProfile Measure(
        NetworkAnalysis original, Model other, SessionSettings settings, IReadOnlyDictionary<string, Tensor> inputs)
    {
        if (settings.Provider != ExecutionProvider.Cpu)
        {
            return LayerProfile.Without("Layers are timed on the CPU alone.");
        }

        try
        {
            var folder = Directory.CreateTempSubdirectory("onnxprune-");
            try
            {
                return Measure(original, other, settings, inputs, folder.FullName);
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or OnnxPruneException)
        {
            return LayerProfile.Without($"The layers could not be timed: {e.Message}");
        }
    }

    private static LayerProfile Measure(
        NetworkAnalysis original, Model other, SessionSettings settings, IReadOnlyDictionary<string, Tensor> inputs, string folder)
    {
        using var first = new ProfiledModel(original.Model, settings, Path.Combine(folder, "original"), "the original");
        using var second = new ProfiledModel(other, settings, Path.Combine(folder, "other"), "the other model");
        var places = Places(first.Layers, second.Layers);
        if (places.All(p => p < 0))
        {
            return LayerProfile.Without("Layers of the two models have no names in common, so that their times cannot be compared.");
        }

        var runs = InterleavedBenchmark.Run([first.Session, second.Session], inputs, PairedBenchmark.Brief).Rounds;
        var ((before, rest), (after, otherRest)) = (first.End(runs), second.End(runs));
        var macs = original.Costs.MacsByNode().ToDictionary(m => m.Node, m => m.Macs);
        var names = new NodeNames(original.Model.Graph);
        return new LayerProfile([.. first.Layers.Select(Time)], rest, otherRest, runs);

        LayerTime Time(Node layer, int index)
        {
            var (place, whole) = (places[index], macs.GetValueOrDefault(layer));

            // A layer's work goes with its weights: the places that they are applied to stay.
            var left = place < 0 ? 0 : (double)second.WeightsOf(second.Layers[place]) / first.WeightsOf(layer);
            return new LayerTime(
                names.Of(layer), layer.OpType, whole, (long)Math.Round(left * whole), before[index], place < 0 ? 0 : after[place]);
        }
    }

    /// <summary>The place of each layer in the other model, by what it makes or by its name; -1 where it is gone.</summary>
    private static int[] Places(IReadOnlyList<Node> layers, IReadOnlyList<Node> others)
    {
        var outputs = layers.Select(l => l.Output.Name).ToHashSet();
        int[] places = [.. layers.Select(
            l => others.Index().Where(o => IsSame(l, o.Item)).Select(o => o.Index).FirstOrDefault(-1))];
        return places.All(p => p < 0) && layers.Count == others.Count ? [.. Enumerable.Range(0, layers.Count)] : places;

        bool IsSame(Node layer, Node another) => another.Output.Name == layer.Output.Name
            || (layer.Name.Length > 0 && another.Name == layer.Name && !outputs.Contains(another.Output.Name));
    }
}
