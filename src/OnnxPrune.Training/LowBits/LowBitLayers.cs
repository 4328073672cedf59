using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Optimizers;
using TorchSharp;

namespace OnnxPrune.Training.LowBits;

/// <summary>
/// The weights of a network that take few bits, and the activations that their layers read. The first and the last layer keep theirs, as is
/// usual: they are small, and see the image and the classes at full precision; so do layers with no more weights in a channel than there
/// are levels.
/// </summary>
internal sealed class LowBitLayers : IDisposable
{
    private readonly Dictionary<Use, LearnedLevels> _levels = [];
    private readonly List<LearnedLevels> _all = [];
    private readonly Dictionary<Value, ActivationSteps> _steps = [];

    // Those that read activations of few bits.
    private readonly List<Node> _layers = [];
    private bool _isFitting;

    public LowBitLayers(GraphModule module, BitWidths bits)
    {
        foreach (var (weight, layout) in Layers(module).Skip(1).SkipLast(1))
        {
            if (weight.Data.numel() / weight.Data.shape[layout.OutputAxis] > 1 << bits.Weights)
            {
                var levels = new LearnedLevels(weight, layout.OutputAxis, bits.Weights);
                _all.Add(levels);
                foreach (var use in weight.Uses)
                {
                    _levels.Add(use, levels);
                }
            }

            foreach (var layer in weight.Uses.Select(u => u.Node).Where(_ => bits.Activations < BitWidths.Most))
            {
                _layers.Add(layer);
                if (!_steps.ContainsKey(layer.Required(0)))
                {
                    _steps.Add(layer.Required(0), new ActivationSteps(bits.Activations!.Value));
                }
            }
        }
    }

    /// <summary>
    /// The numbers of the activations that take less than 8 bits, by the name of what the layer that reads them makes.
    /// </summary>
    public IReadOnlyDictionary<string, ActivationScale> Activations =>
        _layers.ToDictionary(l => l.Output.Name, l => _steps[l.Required(0)].Parameters);

    /// <summary>The levels or numbers that a node reads in place of a tensor; null where it reads the tensor itself.</summary>
    public torch.Tensor? Through(Use use, torch.Tensor tensor)
    {
        if (_levels.TryGetValue(use, out var levels))
        {
            return levels.Quantized();
        }

        if (use.Node.Inputs[use.Index] is not { } value || !_steps.TryGetValue(value, out var steps))
        {
            return null;
        }

        if (_isFitting)
        {
            steps.Fit(tensor);
        }

        return steps.Quantized(tensor);
    }

    /// <summary>Finds the numbers that activations take, layer by layer, from what the network computes with its levels.</summary>
    /// <param name="inputs">Of the network, [N, ...].</param>
    public void FitActivations(GraphModule module, torch.Tensor inputs)
    {
        if (_steps.Count == 0)
        {
            return;
        }

        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        _isFitting = true;
        module.Forward(inputs, training: false, (use, tensor) => Through(use, tensor) ?? tensor);
        _isFitting = false;
    }

    /// <summary>After the backward pass, before the weights move: moves the levels, as the optimizer moves weights.</summary>
    public void Update(double rate, double momentum, double weightDecay) =>
        _all.ForEach(l => l.Update(rate, momentum, weightDecay));

    /// <summary>Exchanges all weights and their levels; a second call brings the weights back.</summary>
    public void Exchange() => _all.ForEach(l => l.Exchange());

    /// <summary>Everything that the next step depends on beside the weights.</summary>
    public byte[] Save() => SavedTensors.Save(State);

    /// <param name="saved">By <see cref="Save"/>, of a network of the same weights.</param>
    /// <exception cref="InvalidDataException">It was another.</exception>
    public void Load(byte[] saved) => SavedTensors.Load(State, saved);

    public void Dispose()
    {
        _all.ForEach(l => l.Dispose());
        foreach (var steps in _steps.Values)
        {
            steps.Dispose();
        }
    }

    private IEnumerable<torch.Tensor> State => _all.SelectMany(l => l.State).Concat(_steps.Values.Select(s => s.State));

    /// <summary>The weights that layers multiply by, in the order of the graph.</summary>
    private static IEnumerable<(Weight Weight, WeightLayout Layout)> Layers(GraphModule module)
    {
        foreach (var weight in module.Weights.Where(w => w.Parameter is not null))
        {
            WeightLayout?[] layouts = [.. weight.Uses.Select(u => u.Index == 0 ? null : WeightLayout.Of(u.Node, u.Index)).Distinct()];
            if (layouts is [{ } layout] && weight.Data.shape.Length > layout.OutputAxis && weight.Data.shape.Length >= 2)
            {
                yield return (weight, layout);
            }
        }
    }
}
