using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Data;

/// <summary>Some samples as a model's inputs.</summary>
/// <param name="Inputs">By name; their first axis may be longer than <paramref name="Count"/> where the model fixes its batch: the rest is
/// padding.</param>
/// <param name="Labels">One per sample; empty where the source has none.</param>
/// <param name="Count">How many samples count.</param>
internal sealed record DataBatch(IReadOnlyDictionary<string, Tensor> Inputs, IReadOnlyList<int> Labels, int Count);

internal static class DataBatches
{
    /// <summary>Reads samples batch by batch, for a model's inputs: see <see cref="OnnxSession.Inputs"/>.</summary>
    /// <param name="indices">Which samples, in which order; null for all.</param>
    /// <param name="batch">Samples per batch; where the model fixes its batch, that is taken and the last batch is padded with its first
    /// sample.</param>
    /// <exception cref="UsageException">The data do not fit the inputs.</exception>
    public static IEnumerable<DataBatch> Batches(
        this IDataSource source, IReadOnlyList<ValueDescription> inputs, IReadOnlyList<int>? indices = null, int batch = 32)
    {
        var order = indices?.ToArray() ?? [.. Enumerable.Range(0, source.Count)];
        var padded = IsPadded(source, inputs);
        var size = source.BatchSize(inputs, batch);
        for (var at = 0; at < order.Length; at += size)
        {
            var count = Math.Min(size, order.Length - at);
            var samples = order.AsSpan(at, count).ToArray();
            var read = source.Read(inputs, padded ? [.. samples, .. Enumerable.Repeat(samples[0], size - count)] : samples);
            yield return new DataBatch(
                read, source.HasLabels ? Array.ConvertAll(samples, source.Label) : [], padded ? count : Rows(read, count));
        }
    }

    /// <summary>The number of samples that <see cref="Batches"/> puts into a batch when it is asked for so many.</summary>
    public static int BatchSize(this IDataSource source, IReadOnlyList<ValueDescription> inputs, int batch) =>
        IsPadded(source, inputs) ? checked((int)inputs[0].FixedBatch!.Value) : Math.Min(batch, source.LargestBatch);

    private static bool IsPadded(IDataSource source, IReadOnlyList<ValueDescription> inputs) =>
        source.LargestBatch > 1 && inputs.Count > 0 && inputs[0].FixedBatch is not null;

    // One set of ONNX test data may be a batch by itself.
    private static int Rows(IReadOnlyDictionary<string, Tensor> inputs, int otherwise)
    {
        foreach (var tensor in inputs.Values)
        {
            return tensor.Rank > 0 ? checked((int)tensor.Dims[0]) : otherwise;
        }

        return otherwise;
    }

    /// <summary>
    /// At most <paramref name="limit"/> samples, drawn at random and in ascending order, so that folders sorted by class are sampled
    /// fairly.
    /// </summary>
    public static IReadOnlyList<int> Sample(this IDataSource source, int? limit, long seed)
    {
        if (limit is null || limit >= source.Count)
        {
            return [.. Enumerable.Range(0, source.Count)];
        }

        return limit > 0
            ? [.. new SeededRandom(seed).Permutation(source.Count).Take(limit.Value).Order()]
            : throw new UsageException($"--limit {limit}: give a number above 0.");
    }

    /// <summary>
    /// Splits all samples at random into two disjoint parts, both ascending; the first has <paramref name="first"/> of them.
    /// </summary>
    public static (IReadOnlyList<int> First, IReadOnlyList<int> Second) Split(this IDataSource source, int first, long seed)
    {
        var order = new SeededRandom(seed).Permutation(source.Count);
        return ([.. order.Take(first).Order()], [.. order.Skip(first).Order()]);
    }
}
