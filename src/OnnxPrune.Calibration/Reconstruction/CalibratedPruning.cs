using OnnxPrune.Calibration.Activations;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Repair;
using OnnxPrune.Rewriting;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Reconstruction;

/// <summary>A network that was pruned and repaired from calibration inputs.</summary>
/// <param name="Model">The pruned network.</param>
/// <param name="Plan">What was removed.</param>
/// <param name="Layers">The layers that were fitted one by one.</param>
/// <param name="Regions">How many groups of layers were fitted together afterwards.</param>
/// <param name="DistilledEpochs">How often the inputs were gone through to fit all layers together.</param>
internal sealed record CalibratedResult(
    Model Model, PruningPlan Plan, IReadOnlyList<string> Layers, int Regions = 0, int DistilledEpochs = 0);

/// <summary>Pruning and repair in one go, from unlabelled inputs.</summary>
internal static class CalibratedPruning
{
    // One batch of so many is kept aside to judge the result; with more than twice as many, nothing is fitted so closely that it needs to
    // be.
    private const int JudgedShare = 16;

    // Of the time that the repair takes.
    private const double PartOfLayers = 0.6;

    /// <summary>
    /// Removes what a plan says, choosing anew the members of groups that <paramref name="reconsider"/> admits, and repairs what is left.
    /// </summary>
    /// <param name="network">The original; is not changed.</param>
    /// <param name="reconsider">False replays the plan exactly.</param>
    /// <param name="batches">Inputs; at least two batches.</param>
    /// <param name="fitter">Fits layers together once they were fitted one by one; null to leave that out.</param>
    public static CalibratedResult Apply(
        NetworkAnalysis network,
        PruningPlan plan,
        bool reconsider,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        SessionSettings settings,
        long seed,
        IRegionFitter? fitter = null,
        Action<double>? progress = null,
        CancellationToken cancellation = default)
    {
        var (fit, judge) = Divide(batches);
        var original = network.Model;
        var ofRegions = fit.Count > 1 ? fitter : null;
        using var cursor = new LayerwiseExecutor(original, fit, settings);
        var repair = Repair(network, plan, reconsider, settings);
        var ends = ofRegions is null ? [] : Ends(network, plan, ofRegions, fit, settings);
        var layers =
            repair.Run(cursor, ends, fit, seed, done => progress?.Invoke((ofRegions is null ? 1 : PartOfLayers) * done), cancellation);
        var apart = Cut(network, repair, plan, layers);
        return KeepBetter(network, apart, ofRegions is null ? null : Together(ofRegions), judge, settings);

        CalibratedResult Together(IRegionFitter fitter)
        {
            var copy = apart.Model.Clone();
            var joint = new BlockReconstruction(network.Channels, repair.Leaving, copy, fit, settings);
            var regions =
                joint.Run(fitter, cursor, seed, done => progress?.Invoke(PartOfLayers + ((1 - PartOfLayers) * done)), cancellation);
            return apart with { Model = copy, Regions = regions };
        }
    }

    /// <summary>The network of a plan, repaired layer by layer and only as well as it takes to compare plans.</summary>
    internal static Model Roughly(
        NetworkAnalysis network, PruningPlan plan, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches, SessionSettings settings,
        long seed, CancellationToken cancellation)
    {
        using var cursor = new LayerwiseExecutor(network.Model, batches, settings);
        var repair = Repair(network, plan, reconsider: false, settings, isRough: true);
        return Cut(network, repair, plan, repair.Run(cursor, [], batches, seed, null, cancellation)).Model;
    }

    /// <summary>The repair of a copy of the original without a plan's blocks.</summary>
    private static LayerwiseReconstruction Repair(
        NetworkAnalysis network, PruningPlan plan, bool reconsider, SessionSettings settings, bool isRough = false)
    {
        var graph = network.Channels;
        var leaving = PlanLookup.Channels(plan, graph);
        var work = network.Model.Clone(out var copyOf);
        foreach (var block in PlanLookup.Blocks(plan, network.Model, network.Blocks))
        {
            BlockRemoval.Apply(work.Graph, block.CopyTo(copyOf));
        }

        return new LayerwiseReconstruction(
            graph, work, copyOf.Nodes, leaving, reconsider ? Choices(graph, leaving) : [], settings, isRough);
    }

    /// <summary>Takes away what a repair has left without readers.</summary>
    /// <param name="layers">The layers that were fitted.</param>
    private static CalibratedResult Cut(
        NetworkAnalysis network, LayerwiseReconstruction repair, PruningPlan plan, IReadOnlyList<string> layers)
    {
        var graph = network.Channels;
        var gone = PlanLookup.Blocks(plan, network.Model, network.Blocks).SelectMany(b => b.Branch).ToHashSet();
        var channels =
            LayerCut.From(graph, new NodeNames(graph.Model.Graph), repair.Leaving.Where(c => !gone.Contains(graph.Origin(c).Node)));
        plan = plan with { Channels = channels, AbsorbMeans = false };
        return new CalibratedResult(Pruner.Apply(repair.Work, plan with { Blocks = [] }), plan, layers);
    }

    /// <summary>The ends of regions after the cut: as many channels are left as the plan says, whichever they will be.</summary>
    private static IReadOnlyList<Value> Ends(
        NetworkAnalysis network, PruningPlan plan, IRegionFitter fitter, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches,
        SessionSettings settings)
    {
        var cut = Pruner.Apply(network, plan with { AbsorbMeans = false }).Model;
        return new BlockReconstruction(network.Channels, PlanLookup.Channels(plan, network.Channels), cut, batches, settings).Ends(fitter);
    }

    /// <summary>
    /// Most of the batches to repair by, and a few that the repair never sees; some of the same where there are too few to share, or more
    /// than enough.
    /// </summary>
    private static (IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Fit, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> Judge)
        Divide(IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches)
    {
        var held = batches.Count is < 4 or > 2 * JudgedShare ? 0 : Math.Max(1, batches.Count / JudgedShare);
        return held == 0
            ? (batches, Part(0, Math.Min(JudgedShare, batches.Count)))
            : (Part(0, batches.Count - held), Part(batches.Count - held, held));

        OnDemand<IReadOnlyDictionary<string, Tensor>> Part(int first, int count) =>
            OnDemand<IReadOnlyDictionary<string, Tensor>>.PartOf(batches, first, count);
    }

    /// <summary>
    /// The repaired network, unless the same plan without repair, means absorbed or not, comes closer to the original's outputs.
    /// </summary>
    private static CalibratedResult KeepBetter(
        NetworkAnalysis network, CalibratedResult repaired, CalibratedResult? together,
        IReadOnlyList<IReadOnlyDictionary<string, Tensor>> judge, SessionSettings settings)
    {
        using var cursor = new LayerwiseExecutor(network.Model, judge, settings);
        var divergence = new OutputDivergence(network.Model, cursor);
        var best = repaired;
        var least = Measure(repaired.Model);
        if (together is not null && Measure(together.Model) is var jointError && (jointError < least || double.IsNaN(least)))
        {
            (best, least) = (together, jointError);
        }

        foreach (var absorbs in repaired.Layers.Count > 0 ? (bool[])[true, false] : [])
        {
            var plan = repaired.Plan with { AbsorbMeans = absorbs };
            var cut = Pruner.Apply(network, plan).Model;
            if (Measure(cut) is var error && (error < least || double.IsNaN(least)))
            {
                (best, least) = (new CalibratedResult(cut, plan, []), error);
            }
        }

        return best;

        double Measure(Model model)
        {
            using var place = new LayerwiseExecutor(model, judge, settings);
            return divergence.Measure(place);
        }
    }

    /// <summary>Groups of which some members leave, read by one layer alone.</summary>
    private static Dictionary<Node, LayerwiseReconstruction.OpenChoice> Choices(ChannelGraph graph, IReadOnlySet<int> leaving)
    {
        var choices = new Dictionary<Node, LayerwiseReconstruction.OpenChoice>();
        foreach (var group in graph.Groups)
        {
            var kept = group.Channels.Count(c => !leaving.Contains(c));
            if (kept < group.Channels.Count
                && group.Consumers is [var reader]
                && AffineLayer.Of(reader.Node, new Dictionary<Node, int>(), graph.Constants) is { Groups: 1 })
            {
                choices.TryAdd(reader.Node, new LayerwiseReconstruction.OpenChoice(group, kept));
            }
        }

        return choices;
    }
}
