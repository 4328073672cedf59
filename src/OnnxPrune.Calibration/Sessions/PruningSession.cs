using OnnxPrune.Calibration.Synthesis;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Latency.LayerTiming;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>
/// One model from reading to saving: analyse, plan, apply or prune, verify, save. The model is never changed; each result is a network of
/// its own. Calibration inputs, where <see cref="MeasureOptions.Calib"/> names some, choose the cuts and repair the layers that stay.
/// </summary>
/// <remarks>The command line is a user of this class: the same request gives the same file, byte for byte. One call at a time.</remarks>
public sealed class PruningSession
{
    private readonly MeasureOptions _measure;
    private readonly IProgress<SessionProgress>? _progress;
    private readonly string? _masks;
    private readonly SharedMeasurements _shared = new();
    private readonly Dictionary<string, int> _multiples = [];
    private readonly HashSet<string> _warned = [];
    private bool? _integersAreFaster;

    private PruningSession(LoadedModel original, MeasureOptions measure, IProgress<SessionProgress>? progress)
    {
        (Original, _measure, _progress) = (original, measure, progress);
        _masks = original.Model.Metadata.TryGetValue(PruningPlan.MetadataKey, out var json) ? json : null;

        // It speaks of the channels of this model, and not of those of a smaller one.
        original.Model.Metadata.Remove(PruningPlan.MetadataKey);
    }

    /// <summary>The model as it was read, with the shapes of its values.</summary>
    public Model Model => Original.Model;

    /// <summary>The coupled channels, residual blocks and costs of the model, and the reasons for what is blocked.</summary>
    public NetworkAnalysis Analysis => Original.Analysis;

    internal LoadedModel Original { get; }

    /// <summary>Reads a model.</summary>
    /// <param name="path">An ONNX file.</param>
    /// <param name="measure">The data, the provider and the threads to measure with; null for synthetic inputs.</param>
    /// <param name="progress">Hears of every step of the session; null for nobody.</param>
    /// <param name="cancellation">Ends the work at the next step.</param>
    /// <exception cref="UsageException">The path names no readable file, or an input shape does not fit.</exception>
    /// <exception cref="BrokenModelException">The file is no well-formed ONNX model.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime does not load the model.</exception>
    public static Task<PruningSession> OpenAsync(
        string path, MeasureOptions? measure = null, IProgress<SessionProgress>? progress = null,
        CancellationToken cancellation = default) =>
        Task.Run(() => Open(path, measure ?? new MeasureOptions(), new ProgressObserver(progress, cancellation), progress), cancellation);

    /// <summary>Decides what goes so that <see cref="PruningOptions.Targets"/> hold; changes nothing.</summary>
    /// <exception cref="UsageException">The request names targets of time or size, or limits of loss, which take more than a
    /// plan.</exception>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public Task<PruningPlan> PlanAsync(PruningOptions request, CancellationToken cancellation = default) =>
        Run(observer => Decider(request, observer).Plan(), cancellation);

    /// <summary>Applies a plan exactly, and repairs by calibration inputs where there are any.</summary>
    /// <exception cref="UsageException">The plan does not fit the model.</exception>
    public Task<PruningResult> ApplyAsync(
        PruningPlan plan, RepairEffort repair = RepairEffort.Auto, CancellationToken cancellation = default) =>
        Run(observer =>
            Decider(new PruningOptions { Repair = repair }, observer).Apply(plan, "the given plan", "the plan is empty"), cancellation);

    /// <summary>Checks model and data, plans, cuts and repairs until every target and limit of the request holds.</summary>
    /// <exception cref="UsageException">The data, the plan or an option do not fit the model.</exception>
    /// <exception cref="UnsupportedModelException">ONNX Runtime does not survive the model, or computes something else than what is
    /// followed.</exception>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    /// <exception cref="VerificationFailedException">A target of time or size stays missed.</exception>
    public Task<PruningResult> PruneAsync(PruningOptions request, CancellationToken cancellation = default) => Run(
        observer =>
        {
            Check(request, verifies: true, runs: true, observer);
            return Prune(request, observer);
        },
        cancellation);

    /// <summary>Runs the original and the result side by side: drift, latency and, with labelled data, accuracy.</summary>
    /// <exception cref="VerificationFailedException">The result does not load, has other outputs, or misses a limit of its
    /// request.</exception>
    public Task<Comparison> VerifyAsync(PruningResult result, CancellationToken cancellation = default) => Run(
        observer =>
        {
            var comparison = Compare(settings => OnnxSession.Open(result.Model, settings, "the pruned model"), result, observer);
            LossLimits.Check(result.Request?.MaxDrift, result.Request?.MaxDrop, comparison);
            return comparison;
        },
        cancellation);

    internal static PruningSession Open(
        string path, MeasureOptions measure, IRunObserver observer, IProgress<SessionProgress>? progress = null) =>
        new(LoadedModel.Read(path, measure, observer), measure, progress);

    /// <summary>Makes sure that the model runs as it was read and that the data can judge what is asked for.</summary>
    /// <param name="verifies">Whether the result is going to be compared with the original.</param>
    /// <param name="runs">Whether the original is going to be run.</param>
    internal void Check(PruningOptions request, bool verifies, bool runs, IRunObserver observer)
    {
        if (verifies && ShapeInference.IsComplete(Original.Model.Graph))
        {
            // Otherwise the runtime has loaded the model to infer its shapes.
            observer.Timed("ask whether the model loads", () => Original.Open(SessionSettings.Plain).Dispose());
        }

        if (runs)
        {
            Original.Try(observer);
        }

        if (verifies)
        {
            observer.Timed("compare the model as it was read with the file", () => RewritingCheck.Run(Original, _measure));
        }

        SyntheticCalibration.Ensure(Original, _measure, observer);
        new DataReview(Original, _measure, observer).Check(request.MaxDrift, request.MaxDrop, repairs: request.AbsorbMeans);
    }

    internal PruningResult Prune(PruningOptions request, IRunObserver observer)
    {
        if (request.Int8 && _measure.Calib is null)
        {
            throw IntegerStep.NoInputs();
        }

        var asked = request;
        request = WithIntegerCounts(request, observer);
        var integers = request is { Int8: true, Targets.Times.Count: > 0 } ? new IntegerStep(Original, request, _measure, observer) : null;
        if (integers is not null && !(_integersAreFaster ??= integers.IsFaster()))
        {
            integers = null;
        }

        var decider = Decider(request, observer, integers);
        var result = observer.Timed("prune", decider.Cut);
        if (result.Outcome.JudgedOtherwise > 0)
        {
            observer.Note(
                $"the criterion {request.Criterion} could not judge {result.Outcome.JudgedOtherwise} sets of coupled channels; scaled-norm "
                    + "ranked those.");
        }

        result = result with { Request = asked };
        return request.Int8 && result.Quantization is null ? Quantize(result, observer) : result;
    }

    /// <summary>
    /// The request with counts of channels by which integers gain from the cut, where it leaves them open and asks for a cost only.
    /// </summary>
    internal PruningOptions WithIntegerCounts(PruningOptions request, IRunObserver observer)
    {
        var isOpen = request is { Int8: true, Multiple: null, Plan: null, HasTargets: true, HasLimits: false }
            && request.Targets.Costs.Count == request.Targets.Count && request.AbsorbMeans && request.IsDecidedByInputs;
        if (!isOpen)
        {
            return request;
        }

        var integers = new IntegerStep(Original, request, _measure, observer);
        if (!(_integersAreFaster ??= integers.IsFaster()))
        {
            return request;
        }

        var whole = integers.WithAnyRanges(Original.Model);
        try
        {
            return request with { Round = new IntegerCounts(observer).Choose(Try) };
        }
        catch (UnsupportedModelException)
        {
            // What is left cannot be brought to integers: the last step says why, and keeps the floats.
            return request;
        }

        CountTrial Try(int? multiple)
        {
            var decider = Decider(request with { Round = multiple }, observer);
            var plan = decider.Plan();
            var cut = Pruner.Apply(Analysis, plan);
            return new CountTrial(
                (double)cut.After.Macs / cut.Before.Macs,
                observer.Timed("race integers against those of the whole network", () => integers.Gain(whole, cut.Model)),
                () => decider.Rehearse(plan));
        }
    }

    /// <summary>The same network with integers where these are faster and keep the limits of its request.</summary>
    internal PruningResult Quantize(PruningResult pruned, IRunObserver observer) =>
        new IntegerStep(Original, pruned.Request ?? new PruningOptions(), _measure, observer).Apply(pruned);

    internal Comparison Compare(Func<SessionSettings, OnnxSession> openPruned, PruningResult result, IRunObserver observer) =>
        new Comparer(Original, _measure, observer, _shared.Answers)
            .Compare(
                result.Model,
                openPruned,
                metric => metric.Of(result.Model),
                result.Latency?.Raced == result.Model ? result.Latency.Race : null);

    /// <param name="integers">What targets of time are met with; null for floats.</param>
    private PruningDecider Decider(PruningOptions request, IRunObserver observer, IntegerStep? integers = null)
    {
        SyntheticCalibration.Ensure(Original, _measure, observer);
        var multiple = request.Multiple ?? Multiple(integers?.Scheme, observer);
        var network = observer.Timed("follow the channels", () =>
            request.Targets.Times.Count == 0 ? Analysis : TimedAnalysis(integers?.Scheme, observer));
        WarnOfPatterns(request, network, observer);
        return new PruningDecider(Original, _masks, network, request, _measure, multiple, _shared, observer, integers);
    }

    /// <summary>The multiple of channels that kernels work on.</summary>
    /// <param name="integers">What they compute with; null for floats.</param>
    private int Multiple(QuantizationScheme? integers, IRunObserver observer)
    {
        var kind = integers?.Name ?? "float";
        if (!_multiples.TryGetValue(kind, out var multiple))
        {
            _multiples[kind] = multiple = observer.Timed(
                "find the multiple of channels", () => MeasuredTimes.Multiple(_measure.Sessions, integers));
        }

        return multiple;
    }

    /// <summary>
    /// The network with the time of each layer on this machine. The tile is the kernels' own, whatever multiple was asked for.
    /// </summary>
    /// <param name="integers">What the layers compute with; null for floats.</param>
    private NetworkAnalysis TimedAnalysis(QuantizationScheme? integers, IRunObserver observer)
    {
        var tile = Multiple(integers, observer);
        var shapes = new CostShapes(new ConstantValues(), Original.Concrete?.Values);
        return _shared.Timed(integers is not null, () => Original.Analyse(observer.Watched(StepNames.TimingLayers, progress =>
            MeasuredTimes.Of(Original.Model, shapes, _measure.Sessions, tile, progress.Report, integers))));
    }

    /// <summary>A pattern that matches nothing is a mistyped one.</summary>
    private void WarnOfPatterns(PruningOptions request, NetworkAnalysis network, IRunObserver observer)
    {
        foreach (var (option, pattern) in new[] { ("--exclude", request.Exclude), ("--only", request.Only) })
        {
            if (pattern is not null && !PruneRequest.Matches(pattern, network.Model, network.Blocks) && _warned.Add($"{option} {pattern}"))
            {
                observer.Note(
                    $"{option} '{pattern}' matches no node, weight or block of the model; 'onnxprune inspect {Original.Path}' shows their "
                        + "names.");
            }
        }
    }

    private Task<T> Run<T>(Func<IRunObserver, T> work, CancellationToken cancellation) =>
        Task.Run(() => work(new ProgressObserver(_progress, cancellation)), cancellation);
}
