using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Calibration;

/// <summary>
/// The unlabelled inputs that a network is pruned and repaired by, cut into batches of a size that fits its images.
/// </summary>
/// <param name="Batches">At least two, so that a fit can be judged on samples that it has not seen.</param>
/// <param name="Trials">The first of them: enough to run single cuts on.</param>
public sealed record CalibrationInputs(
    IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Batches,
    IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Trials,
    int Samples)
{
    /// <summary>More samples than this change little: positions are sampled from fewer images just as well.</summary>
    public const int DefaultLimit = 2048;

    private const int LargestBatch = 50;
    private const long ElementsPerBatch = 1 << 20;
    private const long MacsOfTrials = 30_000_000_000;
    private const int FewestTrials = 12;
    private const int MostTrials = 256;

    /// <param name="model">The network's inputs and cost.</param>
    /// <param name="limit">At most so many samples, drawn at random; null for <see cref="DefaultLimit"/>.</param>
    /// <exception cref="UsageException">The data do not fit the model, or there are fewer than two samples.</exception>
    public static CalibrationInputs Read(IDataSource source, IReadOnlyList<ValueDescription> inputs, Cost model, int? limit, long seed)
    {
        var indices = source.Sample(Math.Min(limit ?? DefaultLimit, source.Count), seed);
        if (indices.Count < 2)
        {
            throw new UsageException($"Calibration wants at least 2 samples, but there are {indices.Count} in {source.Description}.");
        }

        var elements = source.Read(inputs, [indices[0]]).Values.Sum(t => t.Count);
        var size = (int)Math.Clamp(ElementsPerBatch / Math.Max(1, elements), 1, Math.Min(LargestBatch, (indices.Count + 1) / 2));
        var batches = source.Batches(inputs, indices, size).Select(b => b.Inputs).ToArray();
        var trials = (int)Math.Clamp(MacsOfTrials / Math.Max(1, model.Macs), FewestTrials, MostTrials);
        return new CalibrationInputs(batches, [.. batches.Take(Math.Max(1, (trials + size - 1) / size))], indices.Count);
    }
}
