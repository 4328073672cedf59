using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>
/// Measures two models side by side: the same outputs, how far they drift, how fast they are, how often they are right.
/// </summary>
/// <param name="answers">What the original answered to the labelled data, where other models were compared with it before.</param>
internal sealed class Comparer(LoadedModel original, MeasureOptions options, IRunObserver observer, RecordedAnswers? answers = null)
{
    private readonly DriftInputs _inputs = new(original, options);
    private readonly RecordedAnswers _answers = answers ?? new();

    /// <param name="other">The other model, with shapes or without.</param>
    /// <param name="openPruned">Opens the other model with given settings.</param>
    /// <param name="score">Has a program of the user's score the other model.</param>
    /// <param name="race">Where both were raced before.</param>
    /// <exception cref="VerificationFailedException">The other model's inputs or outputs differ, or are not finite.</exception>
    public Comparison Compare(
        Model other, Func<SessionSettings, OnnxSession> openPruned, Func<MetricCommand, double> score, LatencyReport? race = null)
    {
        var settings = options.Sessions with { Provider = Providers.Resolve(options.Sessions.Provider) };
        using var first = observer.Timed("load the original", () => original.Open(settings));
        using var second = observer.Timed("load the other", () => openPruned(settings));
        var drift = observer.Watched(StepNames.Drift, progress => MeasureDrift(first, second, settings, openPruned, progress));
        var accuracy = options.Data is { } path ? observer.Watched(StepNames.Accuracy, progress =>
            MeasureAccuracy(path, first, second, progress)) : default;
        var latency = race ?? observer.Watched(StepNames.Latency, progress =>
            InterleavedBenchmark.Run([first, second], _inputs.Synthetic(first, 0), progress: progress));
        var layers = options.IsDetailed ? observer.Timed("time the layers within runs", () => LayerProfiler.Measure(
            original.Analysis, other, settings, _inputs.Synthetic(first, 0))) : null;
        var cleared = RaceCleared(second);
        var scores = options.Metric is { } metric ? observer.Watched(StepNames.Score, _ =>
            new ScorePair(metric.OfOriginal(original.Path), score(metric))) : null;
        return new Comparison(
            drift, _inputs.Description, latency, accuracy.Report, accuracy.Description)
        { Cleared = cleared, Score = scores, Moved = accuracy.Moved ?? [], Layers = layers };
    }

    /// <summary>Only CPUs are slow at subnormal numbers.</summary>
    private ClearedRace? RaceCleared(OnnxSession second)
    {
        if (original.Cleared is not { } cleared || second.Settings.Provider != ExecutionProvider.Cpu)
        {
            return null;
        }

        using var first = OnnxSession.Open(cleared.Model, second.Settings, original.Path);
        return new ClearedRace(cleared.Vanishing, observer.Watched("measuring the latency without subnormal weights", progress =>
            InterleavedBenchmark.Run([first, second], _inputs.Synthetic(first, 0), progress: progress)));
    }

    private DriftReport MeasureDrift(
        OnnxSession first,
        OnnxSession second,
        SessionSettings settings,
        Func<SessionSettings, OnnxSession> openPruned,
        IProgress<double> progress)
    {
        if (settings.Provider == ExecutionProvider.Cpu)
        {
            return MeasureDrift(first, second, progress);
        }

        // What a GPU computes fast it computes in lower precision.
        settings = settings with { Deterministic = true };
        using var exactFirst = original.Open(settings);
        using var exactSecond = openPruned(settings);
        return MeasureDrift(exactFirst, exactSecond, progress);
    }

    private DriftReport MeasureDrift(OnnxSession first, OnnxSession second, IProgress<double> progress)
    {
        var meter = Verified(() => new DriftMeter(first, second));
        var done = 0;
        foreach (var set in _inputs.For(first))
        {
            // Inputs that do not suit the original are wrong usage, and no fault of the other model.
            if (done == 0)
            {
                first.Run(set);
            }

            Verified(() =>
            {
                meter.Add(set);
                return meter;
            });
            progress.Report((double)++done / _inputs.Count);
        }

        return meter.Report();
    }

    private static T Verified<T>(Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception e) when (e is UsageException or UnsupportedModelException)
        {
            throw new VerificationFailedException(e.Message, e);
        }
    }

    private (AccuracyReport? Report, string? Description, IReadOnlyList<MovedAnswer>? Moved) MeasureAccuracy(
        string path, OnnxSession first, OnnxSession second, IProgress<double> progress)
    {
        var data = DataSource.Open(path, options.Normalize, options.Resize);
        var samples = data.Sample(options.DataLimit, options.Seed);

        // A set of ONNX test data holds several samples, which have no numbers.
        var moved = options.IsDetailed && data.LargestBatch > 1 ? new MovedAnswers() : null;
        var report = AccuracyMeter.Measure(first, second, data, samples, _answers, progress, moved);
        return (report, samples.Count < data.Count ? $"{samples.Count} of {data.Description}" : data.Description, moved?.Report()
            .Select(m => m with { Label = data.HasLabels ? data.Label(m.Sample) : null, Picture = data.Picture(first.Inputs, m.Sample) })
            .Where(m => m.Picture is not null)
            .ToArray());
    }
}
