using System.Diagnostics;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Torch;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.Masks;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Steps;
using TorchSharp;

namespace OnnxPrune.Training.Runs;

/// <summary>
/// Trains a network and removes parts of it, phase by phase. It can stop after any step and go on from its checkpoint to the same numbers:
/// everything random depends on the seed and the place alone.
/// </summary>
internal sealed class TrainingRun : IDisposable
{
    private const int CalibrationBatches = 8;

    private readonly TrainingOptions _options;
    private readonly BatchLoader _loader;
    private readonly SampleStore _samples;
    private readonly Validation? _validation;
    private readonly ITrainingObserver _observer;
    private readonly torch.Device _device;
    private readonly IReadOnlyList<Phase> _phases;
    private readonly TrainingPruner _pruner;
    private readonly LayerTimes? _times;
    private readonly Cost _before;
    private readonly Lessons _lessons;
    private readonly string? _checkpointPath;
    private readonly IReadOnlyDictionary<string, string> _request;
    private readonly Model _model;
    private readonly SampleStore? _heldOut;
    private readonly Model _full;
    private GraphModule _module;
    private PruningPlan _plan = PruningPlan.Empty;
    private TrainingState _state;
    private TrainerState _saved = TrainerState.None;
    private PhaseTrainer? _trainer;

    /// <param name="model">Trained on a copy.</param>
    /// <param name="teacher">What the network learns from beside the labels; null for the labels alone.</param>
    /// <param name="checkpoint">Where the run is saved after every epoch and when it stops; null for nowhere.</param>
    /// <param name="resumes">Whether a checkpoint that is there is gone on from.</param>
    /// <param name="request">All that the run depends on, by the names of the options; a checkpoint of another request is refused.</param>
    /// <param name="track">Where targets of time are raced, with the model as it is; needed only for those.</param>
    /// <param name="heldOut">What tells whether finetuning helped; none of it is trained on. Null to take the end as it is.</param>
    /// <exception cref="UnsupportedModelException">The model cannot be trained.</exception>
    /// <exception cref="UsageException">The checkpoint belongs to another request.</exception>
    public TrainingRun(
        Model model,
        Model? teacher,
        SampleStore samples,
        Validation? validation,
        TrainingOptions options,
        torch.Device device,
        ITrainingObserver observer,
        string? checkpoint = null,
        bool resumes = false,
        IReadOnlyDictionary<string, string>? request = null,
        PairedBenchmark? track = null,
        SampleStore? heldOut = null)
    {
        TorchLibrary.KeepFreedMemory();
        (_options, _samples, _validation, _device, _observer) = (options, samples, validation, device, observer);
        (_checkpointPath, _request, _model, _heldOut) = (checkpoint, request ?? new Dictionary<string, string>(), model, heldOut);
        _loader = new BatchLoader(samples, options.Augmentation, options.BatchSize, options.Seed);
        _phases = Phase.Of(options);
        _before = CostOf(model);
        _lessons = new Lessons(
            samples.SampleSize, options.Objective,
            teacher is null || options.Objective.Distillation == 0 ? null : GraphModule.Of(teacher.Clone(), device), device);
        _state = new TrainingState { Request = _request };
        if (resumes && checkpoint is not null && File.Exists(checkpoint))
        {
            var saved = Checkpoint.Read(checkpoint, _request);
            (_full, _plan, _state, _saved) = (saved.Full, saved.Plan, saved.State, saved.Trainer);
            ShapeInference.Infer(_full);
            _module = GraphModule.Of(saved.Current, device);
        }
        else
        {
            (_full, _module) = Begin(model);
        }

        if (options.Targets.Times.Count > 0)
        {
            ArgumentNullException.ThrowIfNull(track);
            var time = new TimeBudget(
                options.Targets.Times, track, _full, new CostShapes(new ConstantValues(), ConcreteShapes.Infer(_full).Values));
            _times = time.Layers;
            _pruner = new TrainingPruner(options, _before with { Time = CostOf(_full, _times).Time }, time);
        }
        else
        {
            _pruner = new TrainingPruner(options, _before, null);
        }
    }

    /// <summary>Steps of the whole run.</summary>
    public long TotalSteps => _phases.Sum(p => (long)p.Epochs) * _loader.BatchesPerEpoch;

    private Phase Current => _phases[_state.Phase];

    private long StepsDone => (_phases.Take(_state.Phase).Sum(p => (long)p.Epochs) + _state.Epoch) * _loader.BatchesPerEpoch + _state.Step;

    /// <summary>Runs to the end.</summary>
    /// <param name="stop">Ends the run after the step that is under way, with a checkpoint.</param>
    /// <returns>Null when it was stopped.</returns>
    /// <exception cref="TargetOutOfReachException">What was learned to be dispensable does not suffice for a target.</exception>
    public TrainingOutcome? Run(CancellationToken stop = default)
    {
        while (_state.Phase < _phases.Count)
        {
            if (!RunPhase(stop))
            {
                return null;
            }
        }

        _module.WriteBack();
        var (masked, pruned) = (MaskedModel.Of(_full, _plan, _module.Model), _module.Model.Clone());
        BatchNormInsertion.Fold(masked);
        BatchNormInsertion.Fold(pruned);
        if (_options.Method != TrainingMethod.Finetune)
        {
            // It spoke of the channels of the whole structure.
            pruned.Metadata.Remove(PruningPlan.MetadataKey);
        }

        var heldOut = Judge();
        return new TrainingOutcome(
            masked, heldOut is { KeepsStart: true } ? _model.Clone() : pruned, _plan, _before, CostOf(pruned.Clone()), heldOut)
        {
            Activations = _state.Activations,
        };
    }

    /// <summary>
    /// The network as it is now, with averaged weights where averages are kept, and with levels where there are such, as a model for any
    /// runtime.
    /// </summary>
    public Model Export()
    {
        _trainer?.Exchange();
        _module.WriteBack();
        _trainer?.Exchange();
        return BatchNormInsertion.Folded(_module.Model);
    }

    public void Dispose()
    {
        _module.Dispose();
        _trainer?.Dispose();
        _lessons.Dispose();
    }

    private (Model Full, GraphModule Module) Begin(Model model)
    {
        var full = model.Clone();
        ShapeInference.Infer(full);
        _state = _state with { KeepsStatistics = KeepsStatistics(full) };
        if (_options.RestoresNorms && !_state.KeepsStatistics)
        {
            BatchNormInsertion.Apply(full);
        }

        // Written back at once, so that every weight has a name of its own, which it keeps through all cuts.
        using (var module = GraphModule.Of(full, _device))
        {
            if (_options.Scratch)
            {
                ScratchWeights.Draw(module, _options.Seed);
            }

            using var scope = torch.NewDisposeScope();
            BatchNormCalibration.Apply(
                module, _options.Scratch || _state.KeepsStatistics ? [] : _loader.Plain(CalibrationBatches).Select(_lessons.Inputs));
            module.WriteBack();
        }

        return (full, GraphModule.Of(full.Clone(), _device));
    }

    /// <summary>
    /// A network that was repaired after pruning has statistics that are not those of its activations, and its weights make up for that:
    /// with batches' own it would be another network. One that was cut and not repaired is better with batches' own. So both are tried.
    /// </summary>
    private bool KeepsStatistics(Model model)
    {
        if (_options.Statistics != NormStatistics.Auto || _options.Scratch)
        {
            return _options.Statistics == NormStatistics.Kept && !_options.Scratch;
        }

        using var module = GraphModule.Of(model.Clone(), _device);
        return module.Weights.Any(w => w.IsNormScale)
            && _lessons.MeanLoss(module, _loader.Plain(CalibrationBatches), training: false)
                <= _lessons.MeanLoss(module, _loader.Plain(CalibrationBatches), training: true);
    }

    /// <summary>Null where nothing was held back, or the start is none to go back to.</summary>
    private HeldOutLoss? Judge()
    {
        if (_heldOut is null || _options.Method != TrainingMethod.Finetune || _options.Scratch || _options.Bits is not null)
        {
            return null;
        }

        using var start = GraphModule.Of(_model.Clone(), _device);
        var batches = new BatchLoader(_heldOut, Augmentation.None, _options.BatchSize, _options.Seed);
        return new HeldOutLoss(
            _lessons.MeanLoss(start, batches.Plain(int.MaxValue), training: false),
            _lessons.MeanLoss(_module, batches.Plain(int.MaxValue), training: false),
            _heldOut.Count);
    }

    private bool RunPhase(CancellationToken stop)
    {
        var phase = Current;
        using var trainer = Open(phase);
        _trainer = trainer;
        try
        {
            while (_state.Epoch < phase.Epochs)
            {
                var watch = Stopwatch.StartNew();
                if (_state.Step == 0)
                {
                    trainer.FitActivations(_loader.Plain(1));
                }

                if (!RunEpoch(phase, trainer, stop))
                {
                    Save();
                    return false;
                }

                FinishEpoch(phase, trainer, watch.Elapsed.TotalSeconds);
                Save();
            }

            // The next phase, or the result, begins with the averages or the levels.
            trainer.Exchange();
            _state = _state with { Activations = trainer.Activations };
        }
        finally
        {
            _trainer = null;
        }

        Cut(phase, trainer.Gates);
        _state = new TrainingState
        {
            Request = _request,
            KeepsStatistics = _state.KeepsStatistics,
            Activations = _state.Activations,
            Phase = _state.Phase + 1,
        };
        Save();
        return true;
    }

    /// <summary>At the start of the phase, or where the checkpoint was left.</summary>
    private PhaseTrainer Open(Phase phase)
    {
        var gates = phase.Kind == PhaseKind.Gates ? GateLearning.Of(_module.Model, _options.Gates, _pruner.BlockGoal, _times) : null;
        if (gates is not null && _state.Logits.Count == gates.Gates.Names.Count)
        {
            gates.Gates.State = ([.. _state.Logits], [.. _state.Velocities]);
            gates.GammaSum = _state.GammaSum;
        }

        var trainer = new PhaseTrainer(_module, phase, _options, _lessons, gates, _state.KeepsStatistics, _device);
        trainer.Load(_saved);
        _saved = TrainerState.None;
        return trainer;
    }

    private bool RunEpoch(Phase phase, PhaseTrainer trainer, CancellationToken stop)
    {
        var steps = (long)phase.Epochs * _loader.BatchesPerEpoch;
        var epochOfRun = _phases.Take(_state.Phase).Sum(p => p.Epochs) + _state.Epoch;
        foreach (var batch in _loader.Epoch(epochOfRun, _state.Step))
        {
            if (stop.IsCancellationRequested)
            {
                return false;
            }

            var at = ((long)_state.Epoch * _loader.BatchesPerEpoch) + _state.Step;
            var (loss, correct) = trainer.Step(batch, at, steps, unchecked((_options.Seed * 7919) + StepsDone));
            _state = _state with { Step = _state.Step + 1, LossSum = _state.LossSum + loss, Correct = _state.Correct + correct };
            _observer.OnStep(new StepReport(
                phase, _state.Epoch, _state.Step, StepsDone, TotalSteps, _state.LossSum / _state.Step,
                (double)_state.Correct / (_state.Step * batch.Labels.Length), trainer.Gates?.Gates.Probabilities ?? []));
        }

        return true;
    }

    private void FinishEpoch(Phase phase, PhaseTrainer trainer, double seconds)
    {
        if (phase.Kind == PhaseKind.Soft)
        {
            _module.WriteBack();
            SoftFilters.Zero(_module, _pruner.ChannelPlan(_module.Model));
        }

        var gates = trainer.Gates;
        _observer.OnEpoch(new EpochReport(
            phase,
            _state.Epoch,
            _state.LossSum / _state.Step,
            (double)_state.Correct / (_state.Step * Math.Min(_options.BatchSize, _samples.Count)),
            _validation?.Measure(Export()),
            _options.LearningRate.At((long)_state.Epoch * _loader.BatchesPerEpoch, (long)phase.Epochs * _loader.BatchesPerEpoch),
            gates?.Gates.Probabilities ?? [],
            gates?.ExpectedShare,
            gates?.Gamma ?? 0,
            seconds));
        _state = _state with { Epoch = _state.Epoch + 1, Step = 0, LossSum = 0, Correct = 0 };
    }

    private void Cut(Phase phase, GateLearning? gates)
    {
        if (phase.Cut == CutKind.Nothing)
        {
            return;
        }

        _module.WriteBack();
        var (plan, model) = phase.Cut == CutKind.Blocks ? _pruner.Blocks(_module.Model, gates!.Gates) : _pruner.Channels(_module.Model);
        _plan = new PruningPlan([.. _plan.Blocks, .. plan.Blocks], [.. _plan.Channels, .. plan.Channels], false);
        _module.Dispose();
        _module = GraphModule.Of(model, _device);
        _observer.OnCut(
            new CutReport(phase, plan.Blocks.Count, plan.Channels.Sum(c => c.Cut.Count), CostOf(Export()), _validation?.Measure(Export())));
    }

    /// <summary>Between phases there is the place alone.</summary>
    private void Save()
    {
        if (_checkpointPath is null)
        {
            return;
        }

        if (_trainer?.Gates is { } learned)
        {
            var (logits, velocities) = learned.Gates.State;
            _state = _state with { Logits = [.. logits], Velocities = [.. velocities], GammaSum = learned.GammaSum };
        }

        _module.WriteBack();
        new Checkpoint(_state, _full, _module.Model, _plan, _trainer?.Save() ?? TrainerState.None).Save(_checkpointPath);
    }

    private static Cost CostOf(Model model, LayerTimes? times = null)
    {
        var copy = model.Clone();
        ShapeInference.Infer(copy);
        return NetworkAnalysis.Of(copy, ConcreteShapes.Infer(copy).Values, times).Cost;
    }
}
