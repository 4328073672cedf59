using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Importance;
using OnnxPrune.Planning;
using OnnxPrune.Repair;
using OnnxPrune.Rewriting;

namespace OnnxPrune;

/// <summary>What a pruning run did.</summary>
/// <param name="Plan">Replays the run.</param>
/// <param name="Before">The original's cost.</param>
/// <param name="After">The result's cost.</param>
/// <param name="BlocksBefore">Residual blocks of the original.</param>
/// <param name="DeadChannels">Channels that went because they provably contribute nothing.</param>
/// <param name="DeadBlocks">Blocks that went for the same reason.</param>
/// <param name="AbsorbedReaders">Layers whose bias took over the mean of removed channels.</param>
/// <param name="JudgedOtherwise">Groups that the chosen criterion could not judge.</param>
/// <param name="Blocked">What could not be cut in the original, and why.</param>
public sealed record PruneOutcome(
    PruningPlan Plan,
    Cost Before,
    Cost After,
    int BlocksBefore,
    int DeadChannels,
    int DeadBlocks,
    int AbsorbedReaders,
    int JudgedOtherwise,
    IReadOnlyList<BlockedChannels> Blocked)
{
    /// <summary>Layers of the original whose MACs are not counted, or not all of them.</summary>
    public IReadOnlyList<UncountedLayer> Uncounted { get; init; } = [];

    /// <summary>Layers whose weights were fitted anew to calibration inputs.</summary>
    public int Repaired { get; init; }

    /// <summary>How many inputs they were fitted to.</summary>
    public int CalibrationSamples { get; init; }

    /// <summary>Regions whose layers were then fitted together.</summary>
    public int FittedTogether { get; init; }

    public bool ChangedNothing => Plan.IsEmpty;
}

/// <summary>The whole path on a model in memory: remove blocks, then channels, and repair what can be repaired without data.</summary>
public sealed class Pruner
{
    private readonly Model _model;
    private readonly IReadOnlyDictionary<Value, Shape>? _concrete;
    private readonly ChannelGraph _original;
    private readonly IReadOnlyList<ResidualBlock> _blocks;

    /// <param name="model">Changed in place; its values must have their shapes.</param>
    /// <param name="concrete">Shapes in numbers where the model's own are dynamic.</param>
    /// <param name="times">How long layers take; null where nothing asks for it.</param>
    public Pruner(Model model, IReadOnlyDictionary<Value, Shape>? concrete = null, LayerTimes? times = null)
    {
        (_model, _concrete, Times) = (model, concrete, times);
        _original = ChannelFlow.Through(model);
        _blocks = BlockFinder.Find(model, _original.Constants);
        var cost = new CostModel(_original, new CostShapes(_original.Constants, concrete), times: times);
        (Before, Uncounted) = (cost.Evaluate(cost.Whole), cost.Uncounted);
    }

    /// <summary>The original's cost.</summary>
    public Cost Before { get; }

    /// <summary>Layers whose MACs are not counted, or not all of them: what is left of a share of the others is no share of the whole.</summary>
    public IReadOnlyList<UncountedLayer> Uncounted { get; }

    public LayerTimes? Times { get; }

    /// <summary>The original's channels: what can be cut, and what cannot and why.</summary>
    public ChannelGraph Channels => _original;

    /// <summary>The original's residual blocks.</summary>
    public IReadOnlyList<ResidualBlock> Blocks => _blocks;

    /// <summary>The cost of the smallest model that the request allows, its targets aside.</summary>
    public Cost Smallest(PruneRequest request) =>
        new Planner(_original, new CostShapes(_original.Constants, _concrete), request, Before, Times).Smallest(_blocks);

    /// <summary>Makes sure that what targets limit can be counted. Searches that make targets of their own need not ask.</summary>
    /// <exception cref="TargetOutOfReachException">A target limits MACs, and some layers' are not known.</exception>
    public void CheckCounts(IEnumerable<Target> targets)
    {
        foreach (var target in targets.Where(t => t.Kind == TargetKind.Macs && Uncounted.Count > 0))
        {
            throw new TargetOutOfReachException(
                $"Target {target} cannot be promised, since the MACs of {Uncounted.Count} layer{(Uncounted.Count == 1 ? "" : "s")} are not known: {Uncounted[0].Node}: {Uncounted[0].Reason}. Give a target of params, channels, latency or speedup, or sizes by --input-shape.");
        }
    }

    /// <summary>Removes what the request wants, in place.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets; the model may have lost dead blocks by then.</exception>
    public PruneOutcome Prune(PruneRequest request)
    {
        foreach (var target in request.Targets.Where(t => t.Of(Before) == 0))
        {
            throw new TargetOutOfReachException(
                $"Target {target} is out of reach: the model has no {target.Word} that can be counted. Layers inside functions and subgraphs do not count, and cannot be cut.");
        }

        var planner = new Planner(_original, new CostShapes(_original.Constants, _concrete), request, Before, Times);
        var smallest = planner.Smallest(_blocks);
        if (request.Targets.Any(t => !t.IsMet(smallest, Before)))
        {
            throw planner.OutOfReach(smallest);
        }

        var moments = MomentsFlow.Through(_model, _original.Constants);
        var dead = request.CutsBlocks || request.Targets.Count == 0
            ? _blocks.Where(b => b.Obstacle is null && request.Allows(b) && BranchStrength.IsSilent(b, moments)).ToArray()
            : [];
        var blocks = dead.Concat(request.CutsBlocks ? planner.ChooseBlocks([.. _blocks.Except(dead)]) : []).ToArray();
        var names = new NodeNames(_model.Graph);
        var plan = new PruningPlan([.. blocks.Select(b => names.Of(b.Join))], [], request.AbsorbMeans);

        var graph = RemoveBlocks(blocks);
        planner = ReferenceEquals(graph, _original) ? planner : new Planner(graph, new CostShapes(graph.Constants, _concrete), request, Before, Times);
        plan = plan with { Channels = planner.ChooseChannels() };
        return Cut(graph, plan) with { DeadChannels = planner.DeadChannels, DeadBlocks = dead.Length, JudgedOtherwise = planner.JudgedOtherwise };
    }

    /// <summary>Applies a plan exactly, in place.</summary>
    /// <exception cref="UsageException">The plan does not fit the model; see <see cref="PlanLookup"/>.</exception>
    public PruneOutcome Apply(PruningPlan plan) => Cut(RemoveBlocks(PlanLookup.Blocks(plan, _model, _blocks)), plan);

    private ChannelGraph RemoveBlocks(IReadOnlyCollection<ResidualBlock> blocks)
    {
        foreach (var block in blocks)
        {
            BlockRemoval.Apply(_model.Graph, block);
        }

        return blocks.Count == 0 ? _original : ChannelFlow.Through(_model);
    }

    private PruneOutcome Cut(ChannelGraph graph, PruningPlan plan)
    {
        var leaving = PlanLookup.Channels(plan, graph);
        var bystanders = DeadCode.Find(_model.Graph);
        var absorbed = plan.AbsorbMeans && leaving.Count > 0
            ? MeanAbsorption.Apply(graph, leaving, MomentsFlow.Through(_model, graph.Constants))
            : 0;
        ChannelCut.Apply(graph, leaving);
        DeadCode.Remove(_model.Graph, except: bystanders);
        if (!plan.IsEmpty)
        {
            VanishingWeights.Clear(_model);
        }

        var after = leaving.Count == 0 && ReferenceEquals(graph, _original) ? Before : CostOf(ChannelFlow.Through(_model));
        return new PruneOutcome(plan, Before, after, _blocks.Count, 0, 0, absorbed, 0, _original.Blocked) { Uncounted = Uncounted };
    }

    private Cost CostOf(ChannelGraph graph) => new CostModel(graph, new CostShapes(graph.Constants, _concrete), times: Times) is var model ? model.Evaluate(model.Whole) : default;
}
