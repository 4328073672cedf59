using OnnxPrune.Blocks;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Torch.Modules;
using TorchSharp;

namespace OnnxPrune.Training.Methods;

/// <summary>The options by which block gates learn.</summary>
/// <param name="LearningRate">Of their own gradient descent, which has no weight decay.</param>
/// <param name="Gamma">What an open gate costs.</param>
/// <param name="Start">How likely gates are open at first, above 0 and below 1.</param>
internal sealed record GateOptions(double LearningRate, double Momentum, double Gamma, double Start)
{
    /// <summary>The values of BPCP (Huang and Wang 2020).</summary>
    public static GateOptions Paper { get; } = new(0.1, 0.9, 0.05, 0.5);
}

/// <summary>
/// BPCP's gates: one logit a per residual block. At every step a gate g ~ Bernoulli(sigmoid(a)) multiplies the block's branch; the gradient
/// that reaches g goes straight through to the logit, dL/da = (dL/dg + gamma) · p (1 − p).
/// </summary>
internal sealed class BlockGates
{
    private readonly ResidualBlock[] _blocks;
    private readonly GateOptions _options;
    private readonly double[] _logits;
    private readonly double[] _velocities;
    private torch.Tensor? _drawn;

    /// <param name="blocks">Of the model that is trained.</param>
    public BlockGates(IEnumerable<ResidualBlock> blocks, NodeNames names, GateOptions options)
    {
        (_blocks, _options) = ([.. blocks.Where(b => b.Obstacle is null)], options);
        Names = [.. _blocks.Select(b => names.Of(b.Join))];
        (_logits, _velocities) = (new double[_blocks.Length], new double[_blocks.Length]);
        Array.Fill(_logits, Math.Log(options.Start / (1 - options.Start)));
    }

    /// <summary>The blocks' names, in graph order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The probability that each block stays.</summary>
    public double[] Probabilities => Array.ConvertAll(_logits, a => 1 / (1 + Math.Exp(-a)));

    /// <summary>Everything that the gates have learned, to be put into a checkpoint.</summary>
    public (double[] Logits, double[] Velocities) State
    {
        get => (_logits, _velocities);
        set
        {
            value.Logits.CopyTo(_logits, 0);
            value.Velocities.CopyTo(_velocities, 0);
        }
    }

    /// <summary>Gates for one step, by the places that they multiply. They belong to the caller's dispose scope.</summary>
    public IReadOnlyDictionary<Use, torch.Tensor> Draw(SeededRandom random, torch.Device device)
    {
        var gates = Array.ConvertAll(Probabilities, p => random.NextUniform() < p ? 1f : 0f);
        _drawn = torch.tensor(gates, [gates.Length], null, device, true);
        return _blocks
            .Select((block, i) => (Use: new Use(block.Join, block.BranchInput), Gate: _drawn.slice(0, i, i + 1, 1)))
            .ToDictionary(p => p.Use, p => p.Gate);
    }

    /// <summary>After the backward pass: moves the logits.</summary>
    /// <param name="decay">The learning rate's share of its peak; it falls for gates as it does for weights.</param>
    /// <param name="gamma">What an open gate costs at this step.</param>
    public void Update(double decay, double gamma)
    {
        var gradients = _drawn?.grad is { } grad ? TensorBridge.Floats(grad) : new float[_logits.Length];
        var p = Probabilities;
        for (var i = 0; i < _logits.Length; i++)
        {
            _velocities[i] = (_options.Momentum * _velocities[i]) + ((gradients[i] + gamma) * p[i] * (1 - p[i]));
            _logits[i] -= _options.LearningRate * decay * _velocities[i];
        }
    }
}
