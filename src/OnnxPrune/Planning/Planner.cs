using OnnxPrune.Importance;

namespace OnnxPrune.Planning;

/// <summary>
/// Plans by which targets hold: from candidates that were measured, or from those that a criterion scores, after what is dead.
/// </summary>
internal static class Planner
{
    /// <summary>The plan with about the least total damage that keeps the targets.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public static PruningPlan Plan(NetworkAnalysis network, CutCandidates candidates, IReadOnlyList<Target> targets)
    {
        var chosen = Allocate(network, network.Costs, network.Cost, candidates, targets);
        var names = new NodeNames(network.Model.Graph);
        return new PruningPlan(
            [.. chosen.Removed.Select(b => names.Of(b.Join))], Cuts(network, candidates, chosen, _ => 0), AbsorbMeans: false);
    }

    /// <summary>Chooses the cuts by which a request is met.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public static PruningPlan Plan(NetworkAnalysis network, PruneRequest request) => Choose(network, request).Plan;

    /// <summary>Chooses the cuts by which a request is met, and why.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public static PlanChoice Choose(NetworkAnalysis network, PruneRequest request)
    {
        foreach (var target in request.Targets.Where(t => t.Of(network.Cost) == 0))
        {
            throw new TargetOutOfReachException(
                $"Target {target} is out of reach: the model has no {target.Word} that can be counted. Layers inside functions and "
                    + "subgraphs do not count, and cannot be cut.");
        }

        var names = new NodeNames(network.Model.Graph);
        var dead = request.CutsBlocks || request.Targets.Count == 0
            ? network.Blocks.Where(b => b.Obstacle is null && request.Allows(b) && BranchStrength.IsSilent(b, network.Moments)).ToArray()
            : [];
        var alive = dead.Length == 0 ? network : network.Without(dead);
        var cuts = ScoredCuts.Of(alive, request);
        var chosen = Allocate(alive, CostsOf(alive, request), network.Cost, cuts.Candidates, request.Targets);
        var joins = dead.Select(b => b.Join)
            .Concat(chosen.Removed.Select(b => network.Model.Graph.Find(b.Join.Output.Name)!.Producer!));
        var plan = new PruningPlan(
            [.. joins.Select(names.Of)], Cuts(alive, cuts.Candidates, chosen, cuts.DeadThatGo), request.AbsorbMeans);
        var deadChannels = cuts.Candidates.Groups.Where(g => !chosen.IsGone(g.Group)).Sum(g => cuts.DeadThatGo(g.Group));
        return new PlanChoice(plan, dead.Length, deadChannels, cuts.JudgedOtherwise);
    }

    /// <summary>The cost with all candidates gone.</summary>
    public static Cost Smallest(NetworkAnalysis network, CutCandidates candidates) =>
        AllocationState.Smallest(new CutTable(network.Channels, network.Costs, candidates)).Cost;

    /// <summary>The cost of the smallest model that the request allows, its targets aside.</summary>
    public static Cost Smallest(NetworkAnalysis network, PruneRequest request) => AllocationState.Smallest(
        new CutTable(network.Channels, CostsOf(network, request), ScoredCuts.Of(network, request).Candidates)).Cost;

    private static CostModel CostsOf(NetworkAnalysis network, PruneRequest request) =>
        request.AbsorbMeans ? network.CostsWithNewBiases : network.Costs;

    /// <param name="original">The cost that targets are shares of.</param>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    private static AllocationState Allocate(
        NetworkAnalysis network, CostModel costs, Cost original, CutCandidates candidates, IReadOnlyList<Target> targets)
    {
        var chosen = Allocation.Of(network.Channels, costs, original, targets, candidates);
        return targets.All(t => t.IsMet(chosen.Cost, original))
            ? chosen
            : throw TargetOutOfReachException.For(targets, original, chosen.Cost);
    }

    /// <param name="fewest">The channels of a group that leave in any case.</param>
    private static IReadOnlyList<LayerCut> Cuts(
        NetworkAnalysis network, CutCandidates candidates, AllocationState chosen, Func<int, int> fewest)
    {
        var graph = network.Channels;
        var gone = chosen.Removed.SelectMany(b => b.Branch).ToHashSet();
        var leaving = candidates.Groups
            .SelectMany(g => g.Order.Take(Math.Max(graph.Groups[g.Group].Channels.Count - chosen.Kept[g.Group], fewest(g.Group))))
            .Where(c => !gone.Contains(graph.Origin(c).Node));
        return LayerCut.From(graph, new NodeNames(network.Model.Graph, without: chosen.RemovedNodes), leaving);
    }
}
