using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Shapes;

namespace OnnxPrune.Training.Methods;

/// <summary>The gates of a network's blocks while they learn, and the price of an open gate.</summary>
internal sealed class GateLearning
{
    private readonly GateOptions _options;
    private readonly GateBudget? _budget;

    private GateLearning(BlockGates gates, GateBudget? budget, GateOptions options) =>
        (Gates, _budget, _options) = (gates, budget, options);

    public BlockGates Gates { get; }

    /// <summary>The price of an open gate at the last step; 0 before the first.</summary>
    public double Gamma { get; private set; }

    /// <summary>The expected share of the cost that is left; null without a target.</summary>
    public double? ExpectedShare => _budget?.Expected(Gates.Probabilities);

    /// <summary>The integral part of gamma, which goes into checkpoints; 0 without a target.</summary>
    public double GammaSum
    {
        get => _budget?.Sum ?? 0;
        set => _budget?.Sum = value;
    }

    /// <param name="model">The network that is trained.</param>
    /// <param name="goal">The kind of cost that blocks are to save, and the share of it that is to be left; null without a target.</param>
    /// <param name="times">Of its layers; needed for goals of time.</param>
    /// <exception cref="UsageException">There is no block that could go.</exception>
    public static GateLearning Of(Model model, GateOptions options, (TargetKind Kind, double Share)? goal, LayerTimes? times)
    {
        var graph = ChannelFlow.Through(model);
        var blocks = BlockFinder.Find(model, graph.Constants).Where(b => b.Obstacle is null).ToArray();
        if (blocks.Length == 0)
        {
            throw new UsageException(
                "The model has no residual block that could be removed; --method slimming or sfp removes channels alone.");
        }

        var cost = new CostModel(graph, new CostShapes(graph.Constants, ConcreteShapes.Infer(model).Values), times: times);
        var budget = goal is var (kind, share) ? GateBudget.Of(cost, kind, blocks, share) : null;
        return new GateLearning(new BlockGates(blocks, new NodeNames(model.Graph), options), budget, options);
    }

    /// <summary>After the backward pass: moves the logits.</summary>
    /// <param name="decay">The learning rate's share of its peak.</param>
    /// <param name="progress">How much of the phase is over, 0 to 1.</param>
    public void Update(double decay, double progress)
    {
        Gamma = _budget?.Gamma(Gates.Probabilities, _options.Start, progress) ?? _options.Gamma;
        Gates.Update(decay, Gamma);
    }
}
