using System.Diagnostics;
using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Torch;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Optimizers;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.Masks;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Steps;
using TorchSharp;

namespace OnnxPrune.Training.Runs;

/// <summary>The outcome of a run.</summary>
/// <param name="Masked">The input's structure with the learned weights, and the plan in its metadata.</param>
/// <param name="Pruned">The same after the plan, with BatchNormalization folded where the input had it folded.</param>
/// <param name="Plan">Everything that goes.</param>
/// <param name="Before">The input's cost.</param>
/// <param name="After">The pruned model's.</param>
/// <param name="HeldOut">Whether finetuning helped; null where nothing was held back to tell.</param>
internal sealed record TrainingOutcome(Model Masked, Model Pruned, PruningPlan Plan, Cost Before, Cost After, HeldOutLoss? HeldOut);

/// <summary>The loss on samples that were not trained on. Where the end is no better than the start, the result is the start.</summary>
internal sealed record HeldOutLoss(double Start, double End, int Samples)
{
    public bool KeepsStart => !(End < Start);
}

/// <summary>
/// Trains a network and removes parts of it, phase by phase. It can stop after any step and go on from its checkpoint to the same numbers:
/// everything random depends on the seed and the place alone.
/// </summary>
internal sealed class TrainingRun : IDisposable
{
    private const int CalibrationBatches = 8;

    // Of the gradients, where BatchNormalization is a fixed map and does not keep activations from growing: then the usual rates would lead
    // away in a few steps.
    private const double MostNorm = 1;

    private readonly TrainingOptions _options;
    private readonly BatchLoader _loader;
    private readonly SampleStore _samples;
    private readonly Validation? _validation;
    private readonly ITrainingObserver _observer;
    private readonly torch.Device _device;
    private readonly IReadOnlyList<Phase> _phases;
    private readonly TrainingPruner _cutting;
    private readonly LayerTimes? _times;
    private readonly Cost _before;
    private readonly GraphModule? _teacher;
    private readonly string? _checkpointPath;
    private readonly IReadOnlyDictionary<string, string> _request;
    private readonly Model _model;
    private readonly SampleStore? _heldOut;
    private readonly Model _full;
    private GraphModule _module;
    private PruningPlan _plan = PruningPlan.Empty;
    private TrainingState _state;
    private byte[] _optimizerState = [];
    private byte[] _averageState = [];
    private WeightAverage? _average;
    private double _gamma;

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
        _teacher = teacher is null || options.Objective.Distillation == 0 ? null : GraphModule.Of(teacher.Clone(), device);
        _state = new TrainingState { Request = _request };
        if (resumes && checkpoint is not null && File.Exists(checkpoint))
        {
            var saved = Checkpoint.Read(checkpoint, _request);
            (_full, _plan, _state, _optimizerState, _averageState) = (saved.Full, saved.Plan, saved.State, saved.Optimizer, saved.Averages);
            ShapeInference.Infer(_full);
            _module = GraphModule.Of(saved.Current, device);
        }
        else
        {
            (_full, _module) = Begin(model);
        }

        if (options.TimeTargets.Count > 0)
        {
            ArgumentNullException.ThrowIfNull(track);
            var time = new TimeBudget(
                options.TimeTargets, track, _full, new CostShapes(new ConstantValues(), ConcreteShapes.Infer(_full).Values));
            _times = time.Layers;
            _cutting = new TrainingPruner(options, _before with { Time = CostOf(_full, _times).Time }, time);
        }
        else
        {
            _cutting = new TrainingPruner(options, _before, null);
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
            masked, heldOut is { KeepsStart: true } ? _model.Clone() : pruned, _plan, _before, CostOf(pruned.Clone()), heldOut);
    }

    /// <summary>The network as it is now, with averaged weights where averages are kept, as a model for any runtime.</summary>
    public Model Export()
    {
        _average?.Swap();
        _module.WriteBack();
        _average?.Swap();
        return BatchNormInsertion.Folded(_module.Model);
    }

    public void Dispose()
    {
        _average?.Dispose();
        _module.Dispose();
        _teacher?.Dispose();
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
                module, _options.Scratch || _state.KeepsStatistics ? [] : _loader.Plain(CalibrationBatches).Select(b => ToTorch(b)));
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
            && Loss(module, _loader.Plain(CalibrationBatches), training: false)
                <= Loss(module, _loader.Plain(CalibrationBatches), training: true);
    }

    /// <summary>Null where nothing was held back, or the start is none to go back to.</summary>
    private HeldOutLoss? Judge()
    {
        if (_heldOut is null || _options.Method != TrainingMethod.Finetune || _options.Scratch)
        {
            return null;
        }

        using var start = GraphModule.Of(_model.Clone(), _device);
        var batches = new BatchLoader(_heldOut, Augmentation.None, _options.BatchSize, _options.Seed);
        return new HeldOutLoss(
            Loss(start, batches.Plain(int.MaxValue), training: false),
            Loss(_module, batches.Plain(int.MaxValue), training: false),
            _heldOut.Count);
    }

    /// <summary>The mean over some batches, without learning.</summary>
    private double Loss(GraphModule module, IEnumerable<TrainingBatch> batches, bool training)
    {
        using var mode = torch.no_grad();
        var losses = new List<double>();
        foreach (var batch in batches)
        {
            using var scope = torch.NewDisposeScope();
            losses.Add(
                TensorBridge.Item(_options.Objective.Loss(module.Forward(ToTorch(batch), training), batch.Labels, Teach(batch), _device)));
        }

        return losses.Average();
    }

    private bool RunPhase(CancellationToken stop)
    {
        var phase = Current;
        using var optimizer = new Sgd(_module.Parameters, _options.Momentum, _options.WeightDecay);
        _average = _options.AverageDecay > 0 ? new WeightAverage(_module, _options.AverageDecay) : null;
        Restore(optimizer);
        (BlockGates Gates, GateBudget? Budget)? gates = phase.Kind == PhaseKind.Gates ? OpenGates() : null;
        while (_state.Epoch < phase.Epochs)
        {
            var watch = Stopwatch.StartNew();
            if (!RunEpoch(phase, optimizer, gates, stop))
            {
                Save(optimizer, gates);
                return false;
            }

            FinishEpoch(phase, gates, watch.Elapsed.TotalSeconds);
            Save(optimizer, gates);
        }

        AdoptAverage();
        Cut(phase, gates?.Gates);
        (_state, _optimizerState) =
            (new TrainingState { Request = _request, KeepsStatistics = _state.KeepsStatistics, Phase = _state.Phase + 1 }, []);
        Save(null, null);
        return true;
    }

    /// <summary>The next phase, or the result, begins with the averages.</summary>
    private void AdoptAverage()
    {
        _average?.Swap();
        _average?.Dispose();
        _average = null;
    }

    private bool RunEpoch(Phase phase, Sgd optimizer, (BlockGates Gates, GateBudget? Budget)? gates, CancellationToken stop)
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
            var rate = _options.LearningRate.At(at, steps);
            var (loss, correct) = Step(batch, phase, optimizer, gates, rate, (double)at / steps);
            _state = _state with { Step = _state.Step + 1, LossSum = _state.LossSum + loss, Correct = _state.Correct + correct };
            _observer.OnStep(new StepReport(
                phase, _state.Epoch, _state.Step, StepsDone, TotalSteps, _state.LossSum / _state.Step,
                (double)_state.Correct / (_state.Step * batch.Labels.Length), gates?.Gates.Probabilities ?? []));
        }

        return true;
    }

    private (double Loss, int Correct) Step(
        TrainingBatch batch, Phase phase, Sgd optimizer, (BlockGates Gates, GateBudget? Budget)? gates, double rate, double progress)
    {
        using var scope = torch.NewDisposeScope();
        var teacher = Teach(batch);
        var drawn = gates?.Gates.Draw(new SeededRandom(unchecked((_options.Seed * 7919) + StepsDone)), _device);
        optimizer.ClearGradients();
        var scores = _module.Forward(ToTorch(batch), training: !_state.KeepsStatistics, drawn);
        var loss = _options.Objective.Loss(scores, batch.Labels, teacher, _device);
        loss.backward();
        if (phase.Kind == PhaseKind.Sparse)
        {
            ScalePenalty.Apply(_module, _options.Lambda);
        }

        if (_state.KeepsStatistics)
        {
            optimizer.ClipGradients(MostNorm);
        }

        optimizer.Step(rate);
        _average?.Update(((long)_state.Epoch * _loader.BatchesPerEpoch) + _state.Step);
        if (gates is var (learned, budget))
        {
            _gamma = budget?.Gamma(learned.Probabilities, _options.Gates.Start, progress) ?? _options.Gates.Gamma;
            learned.Update(rate / _options.LearningRate.Peak, _gamma);
        }

        var value = TensorBridge.Item(loss);
        return double.IsFinite(value)
            ? (value, Correct(scores, batch.Labels))
            : throw new UsageException($"The loss is no number after step {_state.Step} of epoch {_state.Epoch}: lower --lr.");
    }

    private torch.Tensor? Teach(TrainingBatch batch)
    {
        if (_teacher is null)
        {
            return null;
        }

        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        return _teacher.Forward(ToTorch(batch), training: false).MoveToOuterDisposeScope();
    }

    private static int Correct(torch.Tensor scores, int[] labels)
    {
        var values = TensorBridge.Floats(scores);
        var (classes, correct) = (values.Length / labels.Length, 0);
        for (var n = 0; n < labels.Length; n++)
        {
            var row = values.AsSpan(n * classes, classes);
            correct += row[labels[n]] >= System.Numerics.Tensors.TensorPrimitives.Max(row) ? 1 : 0;
        }

        return correct;
    }

    private void FinishEpoch(Phase phase, (BlockGates Gates, GateBudget? Budget)? gates, double seconds)
    {
        if (phase.Kind == PhaseKind.Soft)
        {
            _module.WriteBack();
            SoftFilters.Zero(_module, _cutting.ChannelPlan(_module.Model));
        }

        var (loss, accuracy) =
            (_state.LossSum / _state.Step, (double)_state.Correct / (_state.Step * Math.Min(_options.BatchSize, _samples.Count)));
        var probabilities = gates?.Gates.Probabilities ?? [];
        _observer.OnEpoch(new EpochReport(
            phase,
            _state.Epoch,
            loss,
            accuracy,
            _validation?.Measure(Export()),
            _options.LearningRate.At((long)_state.Epoch * _loader.BatchesPerEpoch, (long)phase.Epochs * _loader.BatchesPerEpoch),
            probabilities,
            gates?.Budget?.Expected(probabilities),
            gates is null ? 0 : _gamma,
            seconds));
        _state = _state with { Epoch = _state.Epoch + 1, Step = 0, LossSum = 0, Correct = 0 };
    }

    private void Cut(Phase phase, BlockGates? gates)
    {
        if (phase.Cut == CutKind.Nothing)
        {
            return;
        }

        _module.WriteBack();
        var (plan, model) = phase.Cut == CutKind.Blocks ? _cutting.Blocks(_module.Model, gates!) : _cutting.Channels(_module.Model);
        _plan = new PruningPlan([.. _plan.Blocks, .. plan.Blocks], [.. _plan.Channels, .. plan.Channels], false);
        _module.Dispose();
        _module = GraphModule.Of(model, _device);
        _observer.OnCut(
            new CutReport(phase, plan.Blocks.Count, plan.Channels.Sum(c => c.Cut.Count), CostOf(Export()), _validation?.Measure(Export())));
    }

    private (BlockGates Gates, GateBudget? Budget) OpenGates()
    {
        var graph = ChannelFlow.Through(_module.Model);
        var blocks = BlockFinder.Find(_module.Model, graph.Constants).Where(b => b.Obstacle is null).ToArray();
        if (blocks.Length == 0)
        {
            throw new UsageException(
                "The model has no residual block that could be removed; --method slimming or sfp removes channels alone.");
        }

        var gates = new BlockGates(blocks, new NodeNames(_module.Model.Graph), _options.Gates);
        var cost = new CostModel(graph, new CostShapes(graph.Constants, ConcreteShapes.Infer(_module.Model).Values), times: _times);
        var budget = _cutting.BlockGoal is var (kind, share) ? GateBudget.Of(cost, kind, blocks, share) : null;
        if (_state.Logits.Count == gates.Names.Count)
        {
            gates.State = ([.. _state.Logits], [.. _state.Velocities]);
            budget?.Sum = _state.GammaSum;
        }

        return (gates, budget);
    }

    private void Save(Sgd? optimizer, (BlockGates Gates, GateBudget? Budget)? gates)
    {
        if (_checkpointPath is null)
        {
            return;
        }

        _state = gates is var (learned, budget)
            ? _state with { Logits = [.. learned.State.Logits], Velocities = [.. learned.State.Velocities], GammaSum = budget?.Sum ?? 0 }
            : _state;
        _module.WriteBack();
        new Checkpoint(_state, _full, _module.Model, _plan, optimizer?.Save() ?? [], _average?.Save() ?? []).Save(_checkpointPath);
    }

    private void Restore(Sgd optimizer)
    {
        if (_optimizerState.Length > 0)
        {
            optimizer.Load(_optimizerState);
            _optimizerState = [];
        }

        if (_averageState.Length > 0)
        {
            _average!.Load(_averageState);
            _averageState = [];
        }
    }

    private torch.Tensor ToTorch(TrainingBatch batch) =>
        torch.tensor(batch.Inputs, [batch.Labels.Length, .. _samples.SampleSize], null, _device);

    private static Cost CostOf(Model model, LayerTimes? times = null)
    {
        var copy = model.Clone();
        ShapeInference.Infer(copy);
        return NetworkAnalysis.Of(copy, ConcreteShapes.Infer(copy).Values, times).Cost;
    }
}
