using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Moments;
using OnnxPrune.Operators;
using OnnxPrune.Rewriting;

namespace OnnxPrune.Planning;

/// <summary>
/// The removable parts of a model, the reasons why others stay, and the costs. Made once per model, by <see cref="Of"/>, and never changed;
/// several threads may use it at once. Holds as long as the model stays as it is: pruning works on copies.
/// </summary>
public sealed class NetworkAnalysis
{
    private readonly Lazy<ChannelGraph> _channels;
    private readonly Lazy<IReadOnlyList<ResidualBlock>> _blocks;
    private readonly Lazy<CostModel> _costs;
    private readonly Lazy<CostModel> _costsWithNewBiases;
    private readonly Lazy<MomentsFlow> _moments;

    private NetworkAnalysis(
        Model model,
        IReadOnlyDictionary<Value, Shape>? sizes,
        LayerTimes? times,
        Func<ChannelGraph> channels,
        Func<ConstantValues, IReadOnlyList<ResidualBlock>> blocks,
        Func<ConstantValues, MomentsFlow> moments)
    {
        (Model, Sizes, Times) = (model, sizes, times);
        _channels = new(channels);
        _blocks = new(() => blocks(Constants));
        _costs = new(() => CountCosts(absorbsMeans: false));
        _costsWithNewBiases = new(() => CountCosts(absorbsMeans: true));
        _moments = new(() => moments(Constants));
    }

    /// <summary>Analyses a model.</summary>
    /// <param name="model">Its values must have their shapes. Must not change as long as the analysis is in use.</param>
    /// <param name="sizes">Shapes in numbers where the model's own are dynamic, to count work with.</param>
    /// <param name="times">How long layers take; null where nothing asks for it.</param>
    /// <exception cref="BrokenModelException">Sizes contradict each other or exceed 64 bits, or the graph has a cycle.</exception>
    /// <exception cref="UnsupportedModelException">The model has more channels than can be followed.</exception>
    internal static NetworkAnalysis Of(Model model, IReadOnlyDictionary<Value, Shape>? sizes = null, LayerTimes? times = null)
    {
        var network = OnDemand(model, sizes, times);
        _ = network.Costs;
        return network;
    }

    /// <summary>The same, of which each part is made when it is first asked for.</summary>
    /// <inheritdoc cref="Of"/>
    internal static NetworkAnalysis OnDemand(Model model, IReadOnlyDictionary<Value, Shape>? sizes = null, LayerTimes? times = null) =>
        new(model, sizes, times, () =>
            ChannelFlow.Through(model), constants => LivingBlocks(model, constants),
            constants => MomentsFlow.Through(model, constants, OperatorTable.Moments));

    public Model Model { get; }

    /// <summary>Shapes in numbers where the model's own are dynamic; null for none.</summary>
    internal IReadOnlyDictionary<Value, Shape>? Sizes { get; }

    /// <summary>The times of layers; null where nothing asked for it.</summary>
    internal LayerTimes? Times { get; }

    /// <summary>The channels: which leave together, which cannot and why.</summary>
    public ChannelGraph Channels => _channels.Value;

    /// <summary>Values that do not depend on the inputs.</summary>
    internal ConstantValues Constants => Channels.Constants;

    /// <summary>The residual blocks, those that cannot be removed included.</summary>
    public IReadOnlyList<ResidualBlock> Blocks => _blocks.Value;

    /// <summary>The cost as a function of the channels and blocks that stay.</summary>
    internal CostModel Costs => _costs.Value;

    /// <summary>The cost of the whole model, which targets are shares of.</summary>
    public Cost Cost => Costs.Evaluate(Costs.Whole);

    /// <summary>
    /// Layers whose MACs are not counted, or not all of them: what is left of a share of the others is no share of the whole.
    /// </summary>
    internal IReadOnlyList<UncountedLayer> Uncounted => Costs.Uncounted;

    /// <summary>The channels' distribution as BatchNormalization states it.</summary>
    internal MomentsFlow Moments => _moments.Value;

    /// <summary>The costs where layers without a bias get one when they lose input channels.</summary>
    internal CostModel CostsWithNewBiases => _costsWithNewBiases.Value;

    /// <summary>Makes sure that what targets limit can be counted. Searches that make targets of their own need not ask.</summary>
    /// <exception cref="TargetOutOfReachException">A target limits MACs, and some layers' are not known.</exception>
    internal void CheckCounts(IEnumerable<Target> targets)
    {
        foreach (var target in targets.Where(t => t.Kind == TargetKind.Macs && Uncounted.Count > 0))
        {
            throw new TargetOutOfReachException(
                $"Target {target} cannot be promised, since the MACs of {Uncounted.Count} layer{(Uncounted.Count == 1 ? "" : "s")} are not "
                    + $"known: {Uncounted[0].Node}: {Uncounted[0].Reason}. Give a target of params, channels, latency or speedup, or sizes "
                    + "by --input-shape.");
        }
    }

    /// <summary>The analysis of a copy of the model without some of its blocks.</summary>
    /// <exception cref="UsageException">A block cannot be removed.</exception>
    internal NetworkAnalysis Without(IReadOnlyCollection<ResidualBlock> blocks)
    {
        var model = Model.Clone(out var copyOf);
        foreach (var block in blocks)
        {
            BlockRemoval.Apply(model.Graph, block.CopyTo(copyOf));
        }

        return blocks.Count == 0 ? Copied(model, copyOf) : OnDemand(model, Sizes is null ? null : copyOf.Of(Sizes), Times);
    }

    /// <summary>Of a copy of the model, nothing is found out anew.</summary>
    private NetworkAnalysis Copied(Model copy, CopyMap copyOf) => new(
        copy,
        Sizes is null ? null : copyOf.Of(Sizes),
        Times,
        () => Channels.CopyTo(copy, copyOf),
        _ => [.. Blocks.Select(b => b.CopyTo(copyOf))],
        constants => Moments.CopyTo(copyOf, constants));

    /// <summary>
    /// The blocks that some output depends on. Removing another one would save nothing: what was dead before is left as it is.
    /// </summary>
    private static IReadOnlyList<ResidualBlock> LivingBlocks(Model model, ConstantValues constants)
    {
        var blocks = BlockFinder.Find(model, constants);
        var dead = blocks.Count == 0 ? [] : DeadCode.Find(model.Graph).Nodes;
        return [.. blocks.Where(b => !dead.Contains(b.Join))];
    }

    private CostModel CountCosts(bool absorbsMeans) => new(Channels, new CostShapes(Constants, Sizes), absorbsMeans, Times);
}
