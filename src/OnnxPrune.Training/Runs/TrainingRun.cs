using System.Diagnostics;
using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.Masks;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Modules;
using TorchSharp;

namespace OnnxPrune.Training.Runs;

/// <summary>What a run made.</summary>
/// <param name="Masked">The input's structure with the learned weights, and the plan in its metadata.</param>
/// <param name="Pruned">The same after the plan, with BatchNormalization folded where the input had it folded.</param>
/// <param name="Plan">Everything that goes.</param>
/// <param name="Before">The input's cost.</param>
/// <param name="After">The pruned model's.</param>
public sealed record TrainingOutcome(Model Masked, Model Pruned, PruningPlan Plan, Cost Before, Cost After);

/// <summary>
/// Trains a network and removes parts of it, phase by phase. It can stop after any step and go on from its checkpoint to the same numbers: everything random
/// depends on the seed and the place alone.
/// </summary>
public sealed class TrainingRun : IDisposable
{
    private const int CalibrationBatches = 8;

    private readonly TrainingOptions _options;
    private readonly BatchLoader _loader;
    private readonly SampleStore _samples;
    private readonly Validation? _validation;
    private readonly ITrainingObserver _observer;
    private readonly torch.Device _device;
    private readonly IReadOnlyList<Phase> _phases;
    private readonly Cutting _cutting;
    private readonly LayerTimes? _times;
    private readonly Cost _before;
    private readonly GraphModule? _teacher;
    private readonly string? _checkpointPath;
    private readonly string _request;
    private readonly Model _full;
    private GraphModule _module;
    private PruningPlan _plan = PruningPlan.Empty;
    private TrainingState _state;
    private byte[] _optimizerState = [];
    private double _gamma;

    /// <param name="model">Trained on a copy.</param>
    /// <param name="teacher">What the network learns from beside the labels; null for the labels alone.</param>
    /// <param name="checkpoint">Where the run is saved after every epoch and when it stops; null for nowhere.</param>
    /// <param name="resumes">Whether a checkpoint that is there is gone on from.</param>
    /// <param name="request">All that the run depends on, as text; a checkpoint of another request is refused.</param>
    /// <param name="track">Where targets of time are raced, with the model as it is; needed only for those.</param>
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
        string request = "",
        RaceTrack? track = null)
    {
        (_options, _samples, _validation, _device, _observer) = (options, samples, validation, device, observer);
        (_checkpointPath, _request) = (checkpoint, request);
        _loader = new BatchLoader(samples, options.Augmentation, options.BatchSize, options.Seed);
        _phases = Phase.Of(options);
        _before = CostOf(model);
        _state = new TrainingState { Request = request };
        if (resumes && checkpoint is not null && File.Exists(checkpoint))
        {
            var saved = Checkpoint.Read(checkpoint, request);
            (_full, _plan, _state, _optimizerState) = (saved.Full, saved.Plan, saved.State, saved.Optimizer);
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
            var time = new TimeBudget(options.TimeTargets, track, _full, new CostShapes(new ConstantValues(), ConcreteShapes.Infer(_full).Values));
            _times = time.Layers;
            _cutting = new Cutting(options, _before with { Time = CostOf(_full, _times).Time }, time);
        }
        else
        {
            _cutting = new Cutting(options, _before, null);
        }

        _teacher = teacher is null || options.Objective.Distillation == 0 ? null : GraphModule.Of(OnnxFile.CloneWithShapes(teacher), device);
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
        var (masked, pruned) = (MaskedModel.Of(_full, _plan, _module.Model), OnnxFile.CloneWithShapes(_module.Model));
        BatchNormInsertion.Fold(masked);
        BatchNormInsertion.Fold(pruned);
        if (_options.Method != TrainingMethod.Finetune)
        {
            // It spoke of the channels of the whole structure.
            pruned.Metadata.Remove(PruningPlan.MetadataKey);
        }

        return new TrainingOutcome(masked, pruned, _plan, _before, CostOf(OnnxFile.CloneWithShapes(pruned)));
    }

    /// <summary>The network as it is now, as a model for any runtime.</summary>
    public Model Export()
    {
        _module.WriteBack();
        return BatchNormInsertion.Folded(_module.Model);
    }

    public void Dispose()
    {
        _module.Dispose();
        _teacher?.Dispose();
    }

    private (Model Full, GraphModule Module) Begin(Model model)
    {
        var full = OnnxFile.CloneWithShapes(model);
        ShapeInference.Infer(full);
        if (_options.RestoresNorms)
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
            BatchNormCalibration.Apply(module, _options.Scratch ? [] : _loader.Plain(CalibrationBatches).Select(b => ToTorch(b)));
            module.WriteBack();
        }

        return (full, GraphModule.Of(OnnxFile.CloneWithShapes(full), _device));
    }

    private bool RunPhase(CancellationToken stop)
    {
        var phase = Current;
        using var optimizer = torch.optim.SGD(_module.Parameters, _options.LearningRate.Peak, _options.Momentum, 0, _options.WeightDecay);
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

        Cut(phase, gates?.Gates);
        (_state, _optimizerState) = (new TrainingState { Request = _request, Phase = _state.Phase + 1 }, []);
        Save(null, null);
        return true;
    }

    private bool RunEpoch(Phase phase, TorchSharp.Modules.SGD optimizer, (BlockGates Gates, GateBudget? Budget)? gates, CancellationToken stop)
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
            foreach (var group in optimizer.ParamGroups)
            {
                group.LearningRate = rate;
            }

            var (loss, correct) = Step(batch, phase, optimizer, gates, rate, (double)at / steps);
            _state = _state with { Step = _state.Step + 1, LossSum = _state.LossSum + loss, Correct = _state.Correct + correct };
            _observer.OnStep(new StepReport(
                phase, _state.Epoch, _state.Step, StepsDone, TotalSteps, _state.LossSum / _state.Step, (double)_state.Correct / (_state.Step * batch.Labels.Length), gates?.Gates.Probabilities ?? []));
        }

        return true;
    }

    private (double Loss, int Correct) Step(
        TrainingBatch batch, Phase phase, TorchSharp.Modules.SGD optimizer, (BlockGates Gates, GateBudget? Budget)? gates, double rate, double progress)
    {
        using var scope = torch.NewDisposeScope();
        var teacher = Teach(batch);
        var drawn = gates?.Gates.Draw(new SeededRandom(unchecked((_options.Seed * 7919) + StepsDone)), _device);
        optimizer.zero_grad();
        var scores = _module.Forward(ToTorch(batch), training: true, drawn);
        var loss = _options.Objective.Loss(scores, batch.Labels, teacher, _device);
        loss.backward();
        if (phase.Kind == PhaseKind.Sparse)
        {
            ScalePenalty.Apply(_module, _options.Lambda);
        }

        optimizer.step();
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

        var (loss, accuracy) = (_state.LossSum / _state.Step, (double)_state.Correct / (_state.Step * Math.Min(_options.BatchSize, _samples.Count)));
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
        _observer.OnCut(new CutReport(phase, plan.Blocks.Count, plan.Channels.Sum(c => c.Cut.Count), CostOf(Export()), _validation?.Measure(Export())));
    }

    private (BlockGates Gates, GateBudget? Budget) OpenGates()
    {
        var graph = ChannelFlow.Through(_module.Model);
        var blocks = BlockFinder.Find(_module.Model, graph.Constants).Where(b => b.Obstacle is null).ToArray();
        if (blocks.Length == 0)
        {
            throw new UsageException("The model has no residual block that could be removed; --method slimming or sfp removes channels alone.");
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

    private void Save(TorchSharp.Modules.SGD? optimizer, (BlockGates Gates, GateBudget? Budget)? gates)
    {
        if (_checkpointPath is null)
        {
            return;
        }

        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory))
        {
            optimizer?.save_state_dict(writer);
        }

        _state = gates is var (learned, budget)
            ? _state with { Logits = [.. learned.State.Logits], Velocities = [.. learned.State.Velocities], GammaSum = budget?.Sum ?? 0 }
            : _state;
        _module.WriteBack();
        new Checkpoint(_state, _full, _module.Model, _plan, memory.ToArray()).Save(_checkpointPath);
    }

    private void Restore(TorchSharp.Modules.SGD optimizer)
    {
        if (_optimizerState.Length > 0)
        {
            using var reader = new BinaryReader(new MemoryStream(_optimizerState));
            optimizer.load_state_dict(reader);
            _optimizerState = [];
        }
    }

    private torch.Tensor ToTorch(TrainingBatch batch) =>
        torch.tensor(batch.Inputs, [batch.Labels.Length, .. _samples.SampleSize], null, _device);

    private static Cost CostOf(Model model, LayerTimes? times = null)
    {
        var copy = OnnxFile.CloneWithShapes(model);
        ShapeInference.Infer(copy);
        return new Pruner(copy, ConcreteShapes.Infer(copy).Values, times).Before;
    }
}
