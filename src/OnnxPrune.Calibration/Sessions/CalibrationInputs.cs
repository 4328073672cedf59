using OnnxPrune.Calibration.Activations;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// The unlabelled inputs that a network is pruned and repaired by, cut into batches of a size that fits its images. They are read from
/// their source whenever they are asked for.
/// </summary>
/// <param name="Batches">At least two, so that a fit can be judged on samples that it has not seen.</param>
/// <param name="Surveyed">The first of them: enough to tell what the layers read.</param>
/// <param name="Trials">The first of these: enough to run single cuts on.</param>
/// <param name="PlanTrials">The same to repair a whole plan on trial and to judge it; none where that would take too long.</param>
internal sealed record CalibrationInputs(
    IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Batches,
    IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Surveyed,
    IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Trials,
    IReadOnlyList<IReadOnlyDictionary<string, Tensor>> PlanTrials,
    int Samples)
{
    // More samples than this change little: positions are sampled from fewer images just as well, and large images have many.
    private const int MostByDefault = 2048;
    private const int LeastByDefault = 128;
    private const double MacsByDefault = 1e12;
    private const double ElementsByDefault = 4e7;

    private const int LargestBatch = 50;

    // Of the few that are run again and again: enough batches for several threads to have something to do until the end.
    private const int LargestOfTrials = 25;

    private const long ElementsPerBatch = 1 << 20;
    private const int MostSurveyed = 512;
    private const long MacsOfTrials = 30_000_000_000;
    private const int FewestTrials = 12;
    private const int MostTrials = 100;
    private const int MostRehearsals = 300;
    private const double MacsOfRehearsals = 2e11;

    /// <summary>The inputs that <see cref="MeasureOptions.Calib"/> names.</summary>
    /// <param name="network">The original's cost.</param>
    /// <exception cref="UsageException">The data cannot be read or do not fit the model.</exception>
    public static CalibrationInputs Of(LoadedModel loaded, MeasureOptions measure, Cost network)
    {
        using var session = loaded.Open(SessionSettings.Plain);
        return Read(measure.OpenCalib(), session.Inputs, network, measure.CalibLimit, measure.Seed);
    }

    /// <param name="model">The network's inputs and cost.</param>
    /// <param name="limit">At most so many samples, drawn at random; null for 2,048 where images and network are small, and down to 128
    /// where they are large.</param>
    /// <exception cref="UsageException">The data do not fit the model, or there are fewer than two samples.</exception>
    public static CalibrationInputs Read(IDataSource source, IReadOnlyList<ValueDescription> inputs, Cost model, int? limit, long seed)
    {
        var elements = source.Count > 0 ? Math.Max(1, source.Read(inputs, [0]).Values.Sum(t => t.Count)) : 1;
        var usual =
            Math.Clamp(Math.Min(MacsByDefault / Math.Max(1, model.Macs), ElementsByDefault / elements), LeastByDefault, MostByDefault);
        var indices = source.Sample(Math.Min(limit ?? (int)usual, source.Count), seed).ToArray();
        if (indices.Length < 2)
        {
            throw new UsageException($"Calibration wants at least 2 samples, but there are {indices.Length} in {source.Description}.");
        }

        var size = source.BatchSize(
            inputs, (int)Math.Clamp(ElementsPerBatch / elements, 1, Math.Min(LargestBatch, (indices.Length + 1) / 2)));
        var batches = Batches(indices.Length, size);
        var trials = (int)Math.Clamp(MacsOfTrials / Math.Max(1, model.Macs), FewestTrials, MostTrials);
        return new CalibrationInputs(
            batches, First(MostSurveyed, LargestBatch), First(trials, LargestOfTrials),
            model.Macs <= MacsOfRehearsals / MostRehearsals && batches.Count >= 4 ? First(MostRehearsals, LargestOfTrials) : [],
            indices.Length);

        OnDemand<IReadOnlyDictionary<string, Tensor>> First(int samples, int largest) =>
            Batches(Math.Min(samples, indices.Length), source.BatchSize(inputs, Math.Min(size, largest)));

        OnDemand<IReadOnlyDictionary<string, Tensor>> Batches(int samples, int each) => new(
            (samples + each - 1) / each,
            b => source.Batches(inputs, indices[(b * each)..Math.Min(samples, (b + 1) * each)], each).Single().Inputs);
    }
}
