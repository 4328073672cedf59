using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Importance;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Training.Methods;

namespace OnnxPrune.Training.Runs;

/// <summary>Decides what goes between two phases, and carries it out.</summary>
/// <param name="original">What the targets are shares of.</param>
/// <param name="time">Targets of time; null without.</param>
internal sealed class TrainingPruner(TrainingOptions options, Cost original, TimeBudget? time)
{
    // What can be counted while the network is learned; of time, what the layers took one by one.
    private readonly IReadOnlyList<Target> _targets = time is null
        ? options.Targets.Costs
        : [.. options.Targets.Costs, new Target(TargetKind.Time, time.Share, null)];

    private TrainingMethod Method => options.Method;

    /// <summary>The share of the cost that gates are to leave; null where the paper's own rule decides.</summary>
    public (TargetKind Kind, double Share)? BlockGoal => _targets.Count == 0 ? null : (_targets[0].Kind, BlockShare(_targets[0]));

    /// <summary>Removes the blocks whose gates are the least likely to stay open.</summary>
    /// <returns>What went, and the smaller network.</returns>
    /// <exception cref="TargetOutOfReachException">Blocks are all that may go, and do not suffice.</exception>
    public (PruningPlan Plan, Model Model) Blocks(Model model, BlockGates gates)
    {
        var scores = gates.Names.Zip(gates.Probabilities).ToDictionary(p => p.First, p => p.Second);
        if (_targets.Count == 0)
        {
            return Result(Apply(model, network =>
                Pruner.Apply(network, new PruningPlan([.. scores.Where(s => s.Value < 0.5).Select(s => s.Key)], [], true))));
        }

        var request = new PruneRequest { CutsBlocks = true, CutsChannels = false, BlockScores = scores, Rounding = options.Rounding };
        return Method == TrainingMethod.Blocks ? Finally(model, _ => request) : Result(Apply(model, network =>
        {
            var smallest = Planner.Smallest(network, request);
            return Pruner.Prune(network, request with { Targets = [.. _targets.Select(t => BlockTarget(t, smallest))] });
        }));
    }

    /// <summary>Removes the channels of the lowest rank.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public (PruningPlan Plan, Model Model) Channels(Model model) => Finally(model, Ranking);

    /// <summary>The cuts that <see cref="Channels"/> would make now, about; the model stays as it is.</summary>
    public PruningPlan ChannelPlan(Model model) =>
        Apply(model, network => Pruner.Prune(network, Ranking(network) with { Targets = Limits(_targets) })).Plan;

    /// <summary>The last cut of a run, after which every target holds.</summary>
    private (PruningPlan Plan, Model Model) Finally(Model model, Func<NetworkAnalysis, PruneRequest> request)
    {
        if (time is null)
        {
            return Result(Cut([]));
        }

        var network = Analyse(model);
        return Result(time.Largest(Planner.Smallest(network, request(network)).Time, network.Cost.Time, most =>
            Cut([new Target(TargetKind.Time, null, most)])));

        Draft Cut(IReadOnlyList<Target> more) =>
            Apply(model, network => Pruner.Prune(network, request(network) with { Targets = [.. Limits(options.Targets.Costs), .. more] }));
    }

    private PruneRequest Ranking(NetworkAnalysis network) => new()
    {
        CutsBlocks = false,
        CutsChannels = true,
        Criterion = Method == TrainingMethod.Sfp ? new FilterNorm(2) : HasNorms(network.Channels) ? new BnScale() : null,
        RanksGlobally = Method != TrainingMethod.Sfp && HasNorms(network.Channels),
        Rounding = options.Rounding,
    };

    /// <summary>In numbers, since shares of a network that has been cut already are others.</summary>
    private IReadOnlyList<Target> Limits(IReadOnlyList<Target> targets) =>
        _targets.Count > 0
            ? [.. targets.Select(t => new Target(t.Kind, null, t.Limit(original)))]
            : [new Target(TargetKind.Channels, 1 - options.ChannelShare, null)];

    private double BlockShare(Target target) =>
        Math.Pow((double)target.Limit(original) / target.Of(original), Method == TrainingMethod.Blocks ? 1 : options.BlockPart);

    private Target BlockTarget(Target target, Cost smallest) =>
        new(target.Kind, null, Math.Max((long)(BlockShare(target) * target.Of(original)), target.Of(smallest)));

    /// <summary>Scores can only be compared across groups where all are of one kind.</summary>
    private static bool HasNorms(ChannelGraph graph) => graph.Groups.All(g => new BnScale().Score(graph, g) is not null);

    private Draft Apply(Model model, Func<NetworkAnalysis, PruneOutcome> cut)
    {
        var outcome = cut(Analyse(model));
        return new Draft(outcome.Plan, outcome.Model, outcome.After.Time);
    }

    private NetworkAnalysis Analyse(Model model) => NetworkAnalysis.Of(model, ConcreteShapes.Infer(model).Values, time?.Layers);

    private static (PruningPlan Plan, Model Model) Result(Draft draft) => (draft.Plan, draft.Model);
}
