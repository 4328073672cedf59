using OnnxPrune.Blocks;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Channels;
using OnnxPrune.Planning;

namespace OnnxPrune.Calibration.Sensitivity;

/// <summary>
/// Plans from unlabelled inputs: which channels the others predict best (criterion <c>gram</c>), what each cut by itself does to the
/// outputs once it is repaired, and the shares per layer and block that follow.
/// </summary>
internal sealed class CalibratedPlanner
{
    // How much of a block's damage counts beside that of channels. The next block can make up for it only as far as nothing is cut from it,
    // and what comes later does its part as well: which of both prevails differs from network to network. Besides 1, these are tried.
    private static readonly double[] s_weights = [0.6, 1.6];

    private readonly NetworkAnalysis _network;
    private readonly ChannelGraph _graph;
    private readonly NodeNames _names;
    private readonly IReadOnlyList<GroupDamage> _groupDamages;
    private readonly IReadOnlyList<BlockDamage> _blockDamages;
    private double _weight = 1;

    /// <param name="network">The original; is not changed.</param>
    /// <param name="damages">What single cuts of it do.</param>
    public CalibratedPlanner(NetworkAnalysis network, CutSensitivity damages)
    {
        (_network, _graph, _names) = (network, network.Channels, new NodeNames(network.Model.Graph));
        (_groupDamages, _blockDamages) = (damages.Groups, damages.Blocks);
    }

    public Cost Original => _network.Cost;

    /// <summary>The cost with everything gone that may go and that saves anything of this kind.</summary>
    public Cost Smallest(TargetKind kind)
    {
        var all = new MeasuredAllocation(_network.Costs, Original, [new Target(kind, null, 0)], _groupDamages, _blockDamages, Inside);
        all.Run();
        return all.Cost;
    }

    /// <summary>Weighs blocks against channels by trying out what either leads to, for this and all later plans.</summary>
    /// <param name="targets">About what will be asked for.</param>
    /// <param name="rehearse">The damage of a plan as a whole; asked for two plans at once, unless there is but one thread.</param>
    /// <param name="threads">0 for one per core.</param>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public void Weigh(IReadOnlyList<Target> targets, Func<PruningPlan, double> rehearse, int threads, Action<double>? progress = null)
    {
        var usual = Plan(targets, 1);
        var others = s_weights.Select(w => (Weight: w, Plan: Plan(targets, w))).Where(o => o.Plan.ToJson() != usual.ToJson()).ToArray();
        if (others.Length == 0)
        {
            return;
        }

        var (ofUsual, ofOther) = (0.0, 0.0);
        Concurrently.Run(() => ofUsual = rehearse(usual), () => ofOther = rehearse(others[0].Plan), threads);
        progress?.Invoke(2.0 / (others.Length + 1));

        // Where one direction is better, the other one is not.
        _weight = ofOther < ofUsual
            ? others[0].Weight
            : others.Skip(1).Where(o => rehearse(o.Plan) < ofUsual).Select(o => o.Weight).FirstOrDefault(1);
        progress?.Invoke(1);
    }

    /// <summary>The plan with the least total damage that keeps the targets.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public PruningPlan Plan(IReadOnlyList<Target> targets) => Plan(targets, _weight);

    private PruningPlan Plan(IReadOnlyList<Target> targets, double weight)
    {
        var allocation = new MeasuredAllocation(
            _network.Costs, Original, targets, _groupDamages, [.. _blockDamages.Select(b => b.Times(weight))], Inside);
        allocation.Run();
        if (!allocation.IsMet)
        {
            throw TargetOutOfReachException.For(targets, Original, allocation.Cost);
        }

        var gone = allocation.Removed.SelectMany(b => b.Branch).ToHashSet();
        var cuts = _groupDamages
            .SelectMany(d => d.Order.Take(_graph.Groups[d.Group].Channels.Count - allocation.Kept[d.Group]))
            .Where(c => !gone.Contains(_graph.Origin(c).Node));
        return new PruningPlan([.. allocation.Removed.Select(b => _names.Of(b.Join))], LayerCut.From(_graph, _names, cuts), false);
    }

    private IEnumerable<int> Inside(ResidualBlock block)
    {
        var branch = block.Branch.ToHashSet();
        return Enumerable.Range(0, _graph.Groups.Count)
            .Where(g => _graph.Groups[g].Producers.All(branch.Contains) && _graph.Groups[g].Producers.Count > 0);
    }
}
