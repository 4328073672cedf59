using OnnxPrune.Calibration.Distillation;
using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Calibration.Sensitivity;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Torch;

namespace OnnxPrune.Calibration.Sessions;

/// <summary>Prunes by what calibration inputs tell, and repairs by them; see <see cref="CalibratedPruning"/>.</summary>
internal sealed class CalibratedPruner
{
    private const int ThoroughTimes = 4;

    private readonly LoadedModel _loaded;
    private readonly NetworkAnalysis _network;
    private readonly PruningOptions _options;
    private readonly MeasureOptions _measure;
    private readonly SharedMeasurements _shared;
    private readonly IRunObserver _observer;
    private readonly SessionSettings _settings;
    private readonly CalibrationInputs _inputs;
    private readonly IRegionFitter? _fitter;
    private CutCandidates? _candidates;

    /// <exception cref="UsageException">The data cannot be read or do not fit the model.</exception>
    public CalibratedPruner(
        LoadedModel loaded,
        NetworkAnalysis network,
        PruningOptions options,
        MeasureOptions measure,
        SharedMeasurements shared,
        IRunObserver observer)
    {
        (_loaded, _network, _options, _measure, _shared, _observer) = (loaded, network, options, measure, shared, observer);
        // The same bits on every run; statistics are computed on the CPU, whatever the model runs on later.
        _settings = new SessionSettings { Threads = measure.Sessions.Threads, Deterministic = true };
        _inputs = CalibrationInputs.Of(loaded, measure, network.Cost);
        if (options.Repair >= RepairEffort.Auto)
        {
            TorchLibrary.Load();
            var times = options.Repair == RepairEffort.Thorough ? ThoroughTimes : 1;
            _fitter = new BlockReconstructor(measure.Sessions.Threads) { MostEpochs = BlockReconstructor.UsualEpochs * times };
        }
    }

    /// <summary>The pruned and repaired network that keeps the targets.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets them.</exception>
    public CalibratedResult Prune(PruneRequest request, IReadOnlyList<Target> targets) => Distill(Draft(request, targets));

    /// <summary>The same without distillation, for those of which several are compared.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets them.</exception>
    public CalibratedResult Draft(PruneRequest request, IReadOnlyList<Target> targets) =>
        Repair(Plan(request, targets), reconsider: _options.IsDecidedByInputs);

    /// <summary>Decides how dear blocks are beside channels, for cuts of about this size.</summary>
    public void Weigh(PruneRequest request, IReadOnlyList<Target> targets)
    {
        if (_options.IsDecidedByInputs && _inputs.PlanTrials.Count > 0 && !targets.All(t => t.IsMet(_network.Cost, _network.Cost)))
        {
            var measured = Measured(request);
            _candidates = _shared.Weighed(_network, request, targets, () => _observer.Watched(StepNames.WeighingBlocks, progress =>
                BlockWeight.Tune(
                    _network,
                    measured,
                    targets,
                    plan => Rehearse(plan)!.Value,
                    _settings.Threads,
                    progress.Report)));
        }
    }

    /// <summary>The damage of a plan after a rough repair; null where that would take too long.</summary>
    public double? Rehearse(PruningPlan plan) => _inputs.PlanTrials.Count == 0
        ? null
        : PlanTrial.Evaluate(_network, plan, _inputs.PlanTrials, _settings, _measure.Seed, _observer.Cancellation);

    /// <summary>Chooses the cuts by which the targets hold. Measuring takes long, once; the next plans are cheap.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets them.</exception>
    public PruningPlan Plan(PruneRequest request, IReadOnlyList<Target> targets) => _options.IsDecidedByInputs
        ? Planner.Plan(_network, Candidates(request), targets)
        : Planner.Plan(_network, request with { Targets = targets });

    /// <summary>The cost with everything gone that may go.</summary>
    public Cost Smallest(PruneRequest request) => _options.IsDecidedByInputs
        ? Planner.Smallest(_network, Candidates(request))
        : Planner.Smallest(_network, request);

    /// <summary>Applies a plan exactly, and repairs what is left.</summary>
    public CalibratedResult Apply(PruningPlan plan) => Distill(Repair(plan, reconsider: false));

    /// <summary>The same as an outcome for the summary.</summary>
    public PruneOutcome Outcome(CalibratedResult result) =>
        new(_network, NetworkAnalysis.Of(result.Model, _loaded.ConcreteOf(result.Model)?.Values, _network.Times), result.Plan)
        {
            Repaired = result.Layers.Count,
            FittedTogether = result.Regions,
            DistilledEpochs = result.DistilledEpochs,
            CalibrationSamples = _inputs.Samples,
        };

    /// <summary>The damage of single cuts; null where nothing asked for it.</summary>
    public CutCandidates? Sensitivity { get; private set; }

    private CutCandidates Candidates(PruneRequest request) => _candidates ??= Measured(request);

    private CutCandidates Measured(PruneRequest request) =>
        Sensitivity ??= _shared.Damages(_network, request, () => _observer.Watched(StepNames.MeasuringCuts, progress =>
            CutSensitivity.Measure(
                _network,
                request,
                _inputs.Surveyed,
                _inputs.Trials,
                _settings,
                _measure.Seed,
                progress.Report,
                _observer.Cancellation)));

    private CalibratedResult Repair(PruningPlan plan, bool reconsider) => _observer.Watched(StepNames.Repairing, progress =>
        CalibratedPruning.Apply(
            _network, plan, reconsider, _inputs.Batches, _settings, _measure.Seed, _fitter, progress.Report, _observer.Cancellation));

    private CalibratedResult Distill(CalibratedResult repaired)
    {
        if (_options.Repair != RepairEffort.Distill || repaired.Plan.IsEmpty)
        {
            return repaired;
        }

        var copy = repaired.Model.Clone();
        var macs = Outcome(repaired).After.Macs;
        var (epochs, why) = _observer.Watched(StepNames.Distilling, progress =>
            new NetworkDistiller(_measure.Sessions.Threads)
                .Run(_network.Model, copy, _inputs.Batches, macs, _measure.Seed, progress.Report, _observer.Cancellation));
        if (why is not null)
        {
            _observer.Note($"distillation changed nothing: {why}.");
            return repaired;
        }

        return repaired with { Model = copy, DistilledEpochs = epochs };
    }
}
