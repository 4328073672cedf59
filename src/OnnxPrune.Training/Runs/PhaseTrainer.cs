using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Optimizers;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.LowBits;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Steps;
using TorchSharp;

namespace OnnxPrune.Training.Runs;

/// <summary>
/// The steps of one phase on one network: its optimizer, the average of its weights or their levels, and its gates where it has such.
/// </summary>
internal sealed class PhaseTrainer : IDisposable
{
    // Of the gradients, where BatchNormalization is a fixed map and does not keep activations from growing: then the usual rates would lead
    // away in a few steps.
    private const double MostNorm = 1;

    private readonly GraphModule _module;
    private readonly Phase _phase;
    private readonly TrainingOptions _options;
    private readonly Lessons _lessons;
    private readonly torch.Device _device;
    private readonly bool _keepsStatistics;
    private readonly Sgd _optimizer;
    private readonly WeightAverage? _average;
    private readonly LowBitLayers? _levels;

    /// <param name="module">Is trained, and stays the caller's.</param>
    /// <param name="gates">Null in phases without any.</param>
    /// <param name="keepsStatistics">Whether BatchNormalization is a fixed map.</param>
    public PhaseTrainer(
        GraphModule module, Phase phase, TrainingOptions options, Lessons lessons, GateLearning? gates, bool keepsStatistics,
        torch.Device device)
    {
        (_module, _phase, _options, _lessons, Gates) = (module, phase, options, lessons, gates);
        (_keepsStatistics, _device) = (keepsStatistics, device);
        _optimizer = new Sgd(module.Parameters, options.Momentum, options.WeightDecay);
        _average = options.AverageDecay > 0 ? new WeightAverage(module, options.AverageDecay) : null;
        _levels = phase.Kind == PhaseKind.Levels ? new LowBitLayers(module, options.Bits!) : null;
    }

    public GateLearning? Gates { get; }

    /// <summary>
    /// The numbers of the activations that take less than 8 bits, by the name of what the layer that reads them makes; empty without any.
    /// </summary>
    public IReadOnlyDictionary<string, ActivationScale> Activations =>
        _levels?.Activations ?? new Dictionary<string, ActivationScale>();

    /// <summary>Before an epoch: fits the numbers that activations of few bits take.</summary>
    /// <param name="batches">Without augmentation; the first is taken where any is needed.</param>
    public void FitActivations(IEnumerable<TrainingBatch> batches)
    {
        if (_levels is not null && _options.Bits!.Activations < BitWidths.Most)
        {
            using var scope = torch.NewDisposeScope();
            _levels.FitActivations(_module, _lessons.Inputs(batches.First()));
        }
    }

    /// <summary>Learns from one batch.</summary>
    /// <param name="step">Of the phase.</param>
    /// <param name="steps">Of the whole phase.</param>
    /// <param name="seed">Of what is drawn at this step.</param>
    /// <exception cref="UsageException">The loss is no number any more.</exception>
    public (double Loss, int Correct) Step(TrainingBatch batch, long step, long steps, long seed)
    {
        using var scope = torch.NewDisposeScope();
        var rate = _options.LearningRate.At(step, steps);
        var drawn = Gates?.Gates.Draw(new SeededRandom(seed), _device);
        _optimizer.ClearGradients();
        var scores = _module.Forward(_lessons.Inputs(batch), training: !_keepsStatistics, (use, tensor) =>
            _levels?.Through(use, tensor) ?? (drawn is not null && drawn.TryGetValue(use, out var gate) ? tensor.mul(gate) : tensor));
        var loss = _lessons.Loss(scores, batch);
        loss.backward();
        if (_phase.Kind == PhaseKind.Sparse)
        {
            ScalePenalty.Apply(_module, _options.Lambda);
        }

        if (_keepsStatistics)
        {
            _optimizer.ClipGradients(MostNorm);
        }

        _levels?.Update(rate, _options.Momentum, _options.WeightDecay);
        _optimizer.Step(rate);
        _average?.Update(step);
        Gates?.Update(rate / _options.LearningRate.Peak, (double)step / steps);
        var value = TensorBridge.Item(loss);
        return double.IsFinite(value)
            ? (value, Lessons.Correct(scores, batch.Labels))
            : throw new UsageException($"The loss is no number after step {step} of the phase {_phase.Name}: lower --lr.");
    }

    /// <summary>
    /// Exchanges the weights and what the network is judged by: their average or their levels, where there are such. A second call brings
    /// the weights back.
    /// </summary>
    public void Exchange()
    {
        _average?.Swap();
        _levels?.Exchange();
    }

    /// <summary>Everything that the next step depends on beside the weights, to be put into a checkpoint.</summary>
    public TrainerState Save() => new(_optimizer.Save(), _average?.Save() ?? [], _levels?.Save() ?? []);

    /// <param name="saved">By <see cref="Save"/>; empty at the start of a phase.</param>
    public void Load(TrainerState saved)
    {
        if (saved.Optimizer.Length > 0)
        {
            _optimizer.Load(saved.Optimizer);
        }

        if (saved.Averages.Length > 0)
        {
            _average!.Load(saved.Averages);
        }

        if (saved.Levels.Length > 0)
        {
            _levels!.Load(saved.Levels);
        }
    }

    public void Dispose()
    {
        _average?.Dispose();
        _levels?.Dispose();
        _optimizer.Dispose();
    }
}
