using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Calibration.Sensitivity;
using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Cli.Measuring;
using OnnxPrune.Cli.Terminals;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Torch;

namespace OnnxPrune.Cli.Pruning;

/// <summary>Prunes by what calibration inputs tell, and repairs by them; see <see cref="CalibratedPruning"/>.</summary>
internal sealed class CalibratedCutter
{
    private const int ThoroughTimes = 4;

    private readonly LoadedModel _loaded;
    private readonly NetworkAnalysis _network;
    private readonly PruneOptions _options;
    private readonly Terminal _terminal;
    private readonly SessionSettings _settings;
    private readonly CalibrationInputs _inputs;
    private readonly IRegionFitter? _fitter;
    private CalibratedPlanner? _planner;

    /// <exception cref="UsageException">The data cannot be read or do not fit the model.</exception>
    public CalibratedCutter(LoadedModel loaded, NetworkAnalysis network, PruneOptions options, Terminal terminal)
    {
        (_loaded, _network, _options, _terminal) = (loaded, network, options, terminal);
        // The same bits on every run; statistics are computed on the CPU, whatever the model runs on later.
        _settings = new SessionSettings { Threads = options.Measure.Sessions.Threads, Deterministic = true };
        var source = DataSource.Open(options.Measure.Calib!, options.Measure.Normalize, options.Measure.Resize);
        using var session = loaded.Open(_settings);
        _inputs = CalibrationInputs.Read(source, session.Inputs, network.Cost, options.Measure.CalibLimit, options.Measure.Seed);

        if (options.Repair >= RepairEffort.Auto)
        {
            TorchLibrary.Load();
            _fitter = new TorchRegionFitter(options.Measure.Sessions.Threads) { MostEpochs = TorchRegionFitter.UsualEpochs * (options.Repair == RepairEffort.Thorough ? ThoroughTimes : 1) };
        }
    }

    /// <summary>Whether the request leaves the choice of channels to the data.</summary>
    public static bool Decides(PruneOptions options) => options.Criterion is null or "gram";

    /// <summary>The pruned and repaired network that keeps the targets.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets them.</exception>
    public CalibratedResult Prune(PruneRequest request, IReadOnlyList<Target> targets) => Repair(Plan(request, targets), reconsider: Decides(_options));

    /// <summary>Decides how dear blocks are beside channels, for cuts of about this size.</summary>
    public void Weigh(PruneRequest request, IReadOnlyList<Target> targets)
    {
        if (Decides(_options) && _inputs.Rehearsals.Count > 0 && !targets.All(t => t.IsMet(_network.Cost, _network.Cost)))
        {
            var planner = Calibrated(request);
            _terminal.Watched(PhaseNames.WeighingBlocks, progress =>
            {
                planner.Weigh(targets, plan => Rehearsal.Damage(_network, plan, _inputs.Rehearsals, _settings, _options.Measure.Seed), _settings.Threads, progress.Report);
                return true;
            });
        }
    }

    /// <summary>What goes so that the targets hold. Measuring takes long, once; the next plans are cheap.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets them.</exception>
    public PruningPlan Plan(PruneRequest request, IReadOnlyList<Target> targets)
    {
        return Decides(_options) ? Calibrated(request).Plan(targets) : Planner.Plan(_network, request with { Targets = targets });
    }

    /// <summary>The cost with everything gone that may go and that saves anything of this kind.</summary>
    public Cost Smallest(PruneRequest request, TargetKind kind) => Decides(_options) ? Calibrated(request).Smallest(kind) : Planner.Smallest(_network, request);

    /// <summary>Applies a plan exactly, and repairs what is left.</summary>
    public CalibratedResult Apply(PruningPlan plan) => Repair(plan, reconsider: false);

    /// <summary>The same as an outcome for the summary.</summary>
    public PruneOutcome Outcome(CalibratedResult result) =>
        new(_network, NetworkAnalysis.Of(result.Model, _loaded.ConcreteOf(result.Model)?.Values, _network.Times), result.Plan)
        {
            Repaired = result.Layers.Count,
            FittedTogether = result.Regions,
            CalibrationSamples = _inputs.Samples,
        };

    private CalibratedPlanner Calibrated(PruneRequest request)
    {
        if (_planner is null)
        {
            _planner = new CalibratedPlanner(_network);
            _terminal.Watched(PhaseNames.MeasuringCuts, progress =>
            {
                _planner.Measure(request, _inputs.Surveyed, _inputs.Trials, _settings, _options.Measure.Seed, progress.Report);
                return true;
            });
        }

        return _planner;
    }

    private CalibratedResult Repair(PruningPlan plan, bool reconsider) => _terminal.Watched(PhaseNames.Repairing, progress =>
        CalibratedPruning.Apply(_network, plan, reconsider, _inputs.Batches, _settings, _options.Measure.Seed, _fitter, progress.Report));
}
