using OnnxPrune.Calibration.Activations;
using OnnxPrune.Graphs;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;

namespace OnnxPrune.Calibration.Quantization;

/// <summary>
/// The values that a network computes on calibration inputs, as histograms: one pass, and memory that does not grow with the number of
/// inputs.
/// </summary>
internal static class ActivationSurvey
{
    /// <summary>Looks at values of a network.</summary>
    /// <param name="model">Runs as it is.</param>
    /// <param name="batches">The inputs of each batch.</param>
    /// <param name="progress">Is told the share of batches that is done, 0 to 1.</param>
    /// <returns>The same with any number of threads.</returns>
    public static IReadOnlyDictionary<string, ValueHistogram> Take(
        Model model, IReadOnlyCollection<Value> values, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        SessionSettings settings, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var fed = values.Where(v => v.Producer is null).ToArray();
        var computed = values.Where(v => v.Producer is not null).ToArray();
        var threads = settings.Threads > 0 ? settings.Threads : Environment.ProcessorCount;
        var atOnce = OrderedParallel.AtOnce(batches.Count, batches.Count == 0 ? 0 : batches[0].Values.Sum(t => t.Count), threads);
        Value[] inputs = [.. model.Graph.FedInputs];
        using var session = computed.Length == 0 ? null : OnnxSession.Open(
            SubmodelBuilder.Extract(model, inputs, computed).ToBytes(), model.Folder,
            settings with { Threads = threads - atOnce + 1 }, "the model with all that it computes as outputs");
        var names = Array.ConvertAll(computed, v => v.Name);
        var read = session?.Inputs.Select(i => i.Name).ToHashSet() ?? [];
        var all = values.ToDictionary(v => v.Name, _ => new ValueHistogram());
        var done = 0;
        foreach (var batch in OrderedParallel.Lend(batches.Count, atOnce, Look))
        {
            foreach (var (name, histogram) in batch.Histograms)
            {
                all[name].Add(histogram);
            }

            progress?.Report((double)++done / batches.Count);
        }

        return all;

        Seen Look(int index)
        {
            cancellation.ThrowIfCancellationRequested();
            var batch = batches[index];
            var histograms = fed.ToDictionary(v => v.Name, v => Of(batch[v.Name].As<float>()));
            if (session is not null)
            {
                using var feed = new Feed(batch.Where(b => read.Contains(b.Key)).ToDictionary(b => b.Key, b => b.Value));
                using var results = session.Run(feed, names);
                for (var i = 0; i < names.Length; i++)
                {
                    histograms[names[i]] = Of(results[i].GetTensorDataAsSpan<float>());
                }
            }

            return new Seen(histograms);
        }
    }

    private static ValueHistogram Of(ReadOnlySpan<float> values)
    {
        var histogram = new ValueHistogram();
        histogram.Add(values);
        return histogram;
    }

    /// <summary>The result of one batch.</summary>
    private sealed record Seen(Dictionary<string, ValueHistogram> Histograms) : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
