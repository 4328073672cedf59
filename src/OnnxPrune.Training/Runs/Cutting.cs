using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Importance;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Training.Methods;

namespace OnnxPrune.Training.Runs;

/// <summary>Decides what goes between two phases, and carries it out.</summary>
/// <param name="original">What the targets are shares of.</param>
internal sealed class Cutting(TrainingOptions options, Cost original)
{
    private TrainingMethod Method => options.Method;

    /// <summary>The share of the cost that gates are to leave; null where the paper's own rule decides.</summary>
    public (TargetKind Kind, double Share)? BlockGoal => options.Targets.Count == 0 ? null : (options.Targets[0].Kind, BlockShare(options.Targets[0]));

    /// <summary>Removes the blocks whose gates are the least likely to stay open.</summary>
    /// <returns>What went, and the smaller network.</returns>
    /// <exception cref="TargetOutOfReachException">Blocks are all that may go, and do not suffice.</exception>
    public (PruningPlan Plan, Model Model) Blocks(Model model, BlockGates gates)
    {
        var scores = gates.Names.Zip(gates.Probabilities).ToDictionary(p => p.First, p => p.Second);
        if (options.Targets.Count == 0)
        {
            return Apply(model, pruner => pruner.Apply(new PruningPlan([.. scores.Where(s => s.Value < 0.5).Select(s => s.Key)], [], true)));
        }

        var request = new PruneRequest { CutsBlocks = true, CutsChannels = false, BlockScores = scores, Rounding = options.Rounding };
        return Apply(model, pruner =>
        {
            var smallest = pruner.Smallest(request);
            return pruner.Prune(request with { Targets = [.. options.Targets.Select(t => BlockTarget(t, smallest))] });
        });
    }

    /// <summary>Removes the channels of the lowest rank.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public (PruningPlan Plan, Model Model) Channels(Model model) => Apply(model, Rank);

    /// <summary>What <see cref="Channels"/> would remove now; the model stays as it is.</summary>
    public PruningPlan ChannelPlan(Model model) => Apply(model, Rank).Plan;

    private PruneOutcome Rank(Pruner pruner) => pruner.Prune(new PruneRequest
    {
        CutsBlocks = false,
        CutsChannels = true,
        Criterion = Method == TrainingMethod.Sfp ? new FilterNorm(2) : HasNorms(pruner.Channels) ? new BnScale() : null,
        RanksGlobally = Method != TrainingMethod.Sfp && HasNorms(pruner.Channels),
        Rounding = options.Rounding,
        Targets = options.Targets.Count > 0
            ? [.. options.Targets.Select(t => new Target(t.Kind, null, t.Limit(original)))]
            : [new Target(TargetKind.Channels, 1 - options.ChannelShare, null)],
    });

    /// <summary>Scores can only be compared across groups where all are of one kind.</summary>
    private static bool HasNorms(ChannelGraph graph) => graph.Groups.All(g => new BnScale().Score(graph, g) is not null);

    private double BlockShare(Target target) =>
        Math.Pow((double)target.Limit(original) / target.Of(original), Method == TrainingMethod.Blocks ? 1 : options.BlockPart);

    private Target BlockTarget(Target target, Cost smallest)
    {
        var limit = (long)(BlockShare(target) * target.Of(original));
        return new Target(target.Kind, null, Method == TrainingMethod.Blocks ? limit : Math.Max(limit, target.Of(smallest)));
    }

    private static (PruningPlan Plan, Model Model) Apply(Model model, Func<Pruner, PruneOutcome> cut)
    {
        var copy = OnnxFile.CloneWithShapes(model);
        var outcome = cut(new Pruner(copy, ConcreteShapes.Infer(copy).Values));

        // What shapes the graph states of its values is out of date after a cut; read anew, they are inferred.
        return (outcome.Plan, OnnxFile.FromBytes(OnnxFile.ToBytes(copy), copy.Folder));
    }
}
