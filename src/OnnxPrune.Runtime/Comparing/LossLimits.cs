using OnnxPrune.Runtime.Accuracy;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Comparing;

/// <summary>The limits of a pruned network's distance from the original: in its outputs, in its accuracy, or both.</summary>
internal sealed class LossLimits : IDisposable
{
    /// <summary>
    /// The factor by which a search may pass its limit: it ends as close as it can, and another kernel may round otherwise.
    /// </summary>
    public const double Rounding = 1.001;

    private const int AccuracyBatch = 32;
    private readonly OnnxSession _original;
    private readonly SessionSettings _settings;
    private readonly double? _drift;
    private readonly DriftInputs? _inputs;
    private readonly double? _drop;
    private readonly IDataSource? _data;
    private readonly IReadOnlyList<int> _samples = [];
    private readonly double _accuracy;
    private readonly MetricCommand? _metric;

    /// <param name="drift">The largest relative output error; null for any.</param>
    /// <param name="drop">The most points of top-1 accuracy that may be lost, or of the user's own score; null for any.</param>
    /// <exception cref="UsageException">The data cannot be read, do not fit, or have no labels; or the program that scores gives the
    /// original none.</exception>
    public LossLimits(LoadedModel loaded, MeasureOptions options, double? drift, double? drop)
    {
        // The same bits on every run, whatever it runs on.
        _settings = options.Sessions with { Provider = Providers.Resolve(options.Sessions.Provider), Deterministic = true };
        _original = loaded.Open(_settings);
        (_drift, _drop) = (drift, drop);
        _inputs = drift is null ? null : new DriftInputs(loaded, options);
        if (drop is not null && options.Metric is { } metric)
        {
            (_metric, _accuracy) = (metric, metric.OfOriginal(loaded.Path));
        }
        else if (drop is not null)
        {
            _data = DataSource.Open(options.Data!, options.Normalize, options.Resize);
            _samples = _data.Sample(options.DataLimit, options.Seed);
            _accuracy = Accuracy(_original) ?? throw NoLabels(_data.Description);
        }
    }

    /// <summary>The losses of the pruned network. Nothing is measured after a limit that it misses.</summary>
    public Loss Measure(Graphs.Model model)
    {
        using var pruned = OnnxSession.Open(model, _settings, "the pruned model");
        double? drift = _drift is null ? null : DriftMeter.Measure(_original, pruned, _inputs!.For(_original)).Total;
        if (!(drift is null || drift <= _drift))
        {
            return new Loss(drift, null, false);
        }

        double? drop = _drop is null
            ? null
            : _metric is { } metric
            ? new ScorePair(_accuracy, metric.Of(model)).Drop
            : Drop(_accuracy, Accuracy(pruned) ?? 0);
        return new Loss(drift, drop, drop is null || drop <= _drop) { IsOfScore = _metric is not null };
    }

    /// <summary>Makes sure that what is about to be written keeps its limits.</summary>
    /// <param name="drift">The largest relative output error; null for any.</param>
    /// <param name="drop">The most points of top-1 accuracy that may be lost; null for any. Not asked where no data were given.</param>
    /// <exception cref="VerificationFailedException">A limit is missed.</exception>
    /// <exception cref="UsageException">A limit of accuracy was given with data that have no labels.</exception>
    public static void Check(double? drift, double? drop, Comparison comparison)
    {
        RequireLabels(drop, comparison);
        if (LossGate.Of(drift, drop, comparison, Rounding).FirstOrDefault(g => !g.Holds) is { } missed)
        {
            throw new VerificationFailedException($"{missed.Miss}; nothing was written.");
        }
    }

    /// <summary>Makes sure that a limit of accuracy can be judged where data were given.</summary>
    /// <exception cref="UsageException">The data have no labels.</exception>
    public static void RequireLabels(double? drop, Comparison comparison)
    {
        if (drop is not null
            && comparison is { Score: null, Accuracy.Models: { } models }
            && models is not [{ Top1: not null }, { Top1: not null }])
        {
            throw NoLabels(comparison.AccuracyData);
        }
    }

    /// <summary>Points of accuracy lost, without the rounding of the subtraction.</summary>
    public static double Drop(double before, double after) => Math.Round(100 * (before - after), 9);

    public static UsageException NothingToJudgeBy() =>
        new("--max-drop wants labelled data to measure accuracy on, or a program that scores models: give --data or --metric-cmd.");

    public static UsageException NoLabels(string? data) => new($"--max-drop wants data with labels, but {data} has none.");

    public void Dispose() => _original.Dispose();

    private double? Accuracy(OnnxSession session) => AccuracyMeter.Measure([session], _data!, _samples, AccuracyBatch).Models[0].Top1;
}

/// <summary>The losses of a pruned network, each null where it has no limit or was not measured.</summary>
/// <param name="Drift">The relative output error.</param>
/// <param name="Drop">Points of top-1 accuracy, or what the user's own score loses.</param>
internal sealed record Loss(double? Drift, double? Drop, bool IsWithin)
{
    /// <summary>True if the drop is one of the user's own score.</summary>
    public bool IsOfScore { get; init; }

    public override string ToString() => string.Join(", ", new[]
    {
        Drift is null ? null : FormattableString.Invariant($"drift {Drift:0.0000}"),
        Drop is null
            ? null
            : IsOfScore
            ? FormattableString.Invariant($"{Drop:0.####} of the score lost")
            : FormattableString.Invariant($"{Drop:0.00} points lost"),
    }.OfType<string>());
}
