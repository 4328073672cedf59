using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Repair;
using OnnxPrune.Rewriting;

namespace OnnxPrune;

/// <summary>
/// Prunes models in memory, and repairs what can be repaired without data. Works on copies: the model that was analysed stays as it is.
/// </summary>
internal static class Pruner
{
    /// <summary>Removes what a request wants.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public static PruneOutcome Prune(NetworkAnalysis network, PruneRequest request)
    {
        var choice = Planner.Choose(network, request);
        return Apply(network, choice.Plan) with
        {
            DeadChannels = choice.DeadChannels,
            DeadBlocks = choice.DeadBlocks,
            JudgedOtherwise = choice.JudgedOtherwise,
        };
    }

    /// <summary>Applies a plan exactly.</summary>
    /// <exception cref="UsageException">The plan does not fit the model; see <see cref="PlanLookup"/>.</exception>
    public static PruneOutcome Apply(NetworkAnalysis network, PruningPlan plan) =>
        CarryOut(network, plan, network.Without(PlanLookup.Blocks(plan, network.Model, network.Blocks)));

    /// <summary>Applies a plan exactly to a model that is not needed for anything else.</summary>
    /// <param name="model">With shapes; stays as it is.</param>
    /// <returns>The pruned model.</returns>
    /// <exception cref="UsageException">The plan does not fit the model; see <see cref="PlanLookup"/>.</exception>
    public static Model Apply(Model model, PruningPlan plan) => Apply(NetworkAnalysis.OnDemand(model), plan).Model;

    /// <summary>The passes, in their order.</summary>
    /// <param name="copy">Without the plan's blocks; its model is changed, after which the analysis does not hold any more.</param>
    private static PruneOutcome CarryOut(NetworkAnalysis original, PruningPlan plan, NetworkAnalysis copy)
    {
        var model = copy.Model;
        var leaving = PlanLookup.Channels(plan, copy.Channels);
        var deadBefore = DeadCode.Find(model.Graph);
        var (absorbed, foldings) =
            plan.AbsorbMeans && leaving.Count > 0 ? MeanAbsorption.Apply(copy.Channels, leaving, copy.Moments) : (0, []);
        ChannelCut.Apply(copy.Channels, leaving);
        foreach (var folding in foldings)
        {
            folding.Apply(model.Graph);
        }

        DeadCode.Remove(model.Graph, except: deadBefore);
        if (!plan.IsEmpty)
        {
            SubnormalWeights.Clear(model);
        }

        return new PruneOutcome(original, NetworkAnalysis.OnDemand(model, copy.Sizes, copy.Times), plan) { AbsorbedReaders = absorbed };
    }
}
