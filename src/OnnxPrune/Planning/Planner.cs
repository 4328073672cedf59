using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Importance;
using OnnxPrune.Moments;

namespace OnnxPrune.Planning;

/// <summary>Decides what a request removes from a model: first what is dead, then what is least important until the targets hold.</summary>
internal sealed class Planner
{
    private readonly ChannelGraph _graph;
    private readonly PruneRequest _request;
    private readonly CostModel _cost;
    private readonly Cost _original;
    private readonly NodeNames _names;
    private readonly MomentsFlow _moments;
    private readonly double[][] _scores;
    private readonly int[] _dead;

    /// <param name="network">What is left of the model.</param>
    /// <param name="original">The cost that targets are shares of.</param>
    private Planner(NetworkAnalysis network, PruneRequest request, Cost original)
    {
        (_graph, _request, _original) = (network.Channels, request, original);
        _cost = request.AbsorbMeans ? network.CostsWithNewBiases : network.Costs;
        _names = new NodeNames(network.Model.Graph);
        _moments = network.Moments;
        _scores = new double[_graph.Groups.Count][];
        _dead = new int[_graph.Groups.Count];
        for (var g = 0; g < _graph.Groups.Count; g++)
        {
            Rank(g);
        }
    }

    /// <summary>Chooses the cuts by which a request is met.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    public static PruningPlan Plan(NetworkAnalysis network, PruneRequest request) => Choose(network, request).Plan;

    /// <summary>The cost of the smallest model that the request allows, its targets aside.</summary>
    public static Cost Smallest(NetworkAnalysis network, PruneRequest request) =>
        new Planner(network, request, network.Cost).Smallest(network.Blocks);

    /// <summary>Chooses the cuts by which a request is met, and why.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    internal static PlanChoice Choose(NetworkAnalysis network, PruneRequest request)
    {
        foreach (var target in request.Targets.Where(t => t.Of(network.Cost) == 0))
        {
            throw new TargetOutOfReachException(
                $"Target {target} is out of reach: the model has no {target.Word} that can be counted. Layers inside functions and "
                    + "subgraphs do not count, and cannot be cut.");
        }

        var planner = new Planner(network, request, network.Cost);
        var smallest = planner.Smallest(network.Blocks);
        if (request.Targets.Any(t => !t.IsMet(smallest, network.Cost)))
        {
            throw planner.OutOfReach(smallest);
        }

        var dead = request.CutsBlocks || request.Targets.Count == 0
            ? network.Blocks.Where(b => b.Obstacle is null && request.Allows(b) && BranchStrength.IsSilent(b, network.Moments)).ToArray()
            : [];
        var blocks = dead.Concat(request.CutsBlocks ? planner.ChooseBlocks([.. network.Blocks.Except(dead)]) : []).ToArray();
        var remaining = blocks.Length == 0 ? network : network.Without(blocks);
        planner = blocks.Length == 0 ? planner : new Planner(remaining, request, network.Cost);
        var names = new NodeNames(network.Model.Graph);
        var plan = new PruningPlan([.. blocks.Select(b => names.Of(b.Join))], planner.ChooseChannels(), request.AbsorbMeans);
        return new PlanChoice(plan, remaining, dead.Length, planner.DeadChannels, planner.JudgedOtherwise);
    }

    /// <summary>Groups whose channels the criterion could not judge, so that another one did.</summary>
    private int JudgedOtherwise { get; set; }

    /// <summary>Channels that go because they are dead.</summary>
    private int DeadChannels => Enumerable.Range(0, _dead.Length).Sum(DeadThatGo);

    /// <summary>The cost with everything gone that may go.</summary>
    private Cost Smallest(IReadOnlyList<ResidualBlock> blocks)
    {
        var all = new Allocation(_cost, _original, []);
        foreach (var step in Removable(blocks).Concat(ChannelSteps()))
        {
            all.Take(step);
        }

        return all.Cost;
    }

    /// <summary>The blocks that go, of those given; channels compete with them for the targets.</summary>
    private IReadOnlyList<ResidualBlock> ChooseBlocks(IReadOnlyList<ResidualBlock> blocks)
    {
        var steps = Removable(blocks).Concat(_request.CutsChannels ? ChannelSteps() : []);
        return Allocate(steps).Blocks;
    }

    /// <summary>The channels that go, as a plan that names their layers.</summary>
    /// <exception cref="TargetOutOfReachException">No allowed cut meets the targets.</exception>
    private IReadOnlyList<LayerCut> ChooseChannels()
    {
        var allocation = Allocate(ChannelSteps());
        if (!allocation.IsMet)
        {
            throw OutOfReach(Smallest([]));
        }

        var cuts = new List<LayerCut>();
        for (var g = 0; g < _graph.Groups.Count; g++)
        {
            var group = _graph.Groups[g];
            var kept = Math.Min(allocation.Kept[g], group.Channels.Count - DeadThatGo(g));
            var leaving = Order(g).Take(group.Channels.Count - kept).Select(i => group.Channels[i]);
            cuts.AddRange(LayerCut.From(_graph, _names, leaving));
        }

        return cuts;
    }

    private TargetOutOfReachException OutOfReach(Cost smallest) => TargetOutOfReachException.For(_request.Targets, _original, smallest);

    private Allocation Allocate(IEnumerable<Step> steps)
    {
        var allocation = new Allocation(_cost, _original, _request.Targets);
        allocation.Run(steps.OrderBy(s => s.Score));
        return allocation;
    }

    // The dead ones first, then by score; ties by place, so that runs repeat.
    private IEnumerable<int> Order(int g) => Enumerable.Range(0, _scores[g].Length).OrderBy(i => _scores[g][i]).ThenBy(i => i);

    /// <summary>Dead channels leave for free, but only to a count that the runtime likes.</summary>
    private int DeadThatGo(int g)
    {
        var count = _graph.Groups[g].Channels.Count;
        return _dead[g] == 0 ? 0 : count - _request.Rounding.Counts(_graph.Groups[g]).Where(k => k >= count - _dead[g]).Min();
    }

    private IEnumerable<Step> ChannelSteps()
    {
        for (var g = 0; g < _graph.Groups.Count; g++)
        {
            if (!_request.CutsChannels || !_request.Allows(_graph.Groups[g]))
            {
                continue;
            }

            var order = Order(g).ToArray();
            var counts = _request.Rounding.Counts(_graph.Groups[g]);
            var score = double.NegativeInfinity;
            for (var k = 1; k < counts.Count; k++)
            {
                var step = order[(order.Length - counts[k - 1])..(order.Length - counts[k])].Average(i => _scores[g][i]);
                score = Math.Max(score, step);
                yield return new Step(score, g, counts[k]);
            }
        }
    }

    /// <summary>A block is missed as much as its last layer is strong, compared with the other blocks' last layers.</summary>
    private IEnumerable<Step> Removable(IReadOnlyList<ResidualBlock> blocks)
    {
        if (!_request.CutsBlocks)
        {
            return [];
        }

        var candidates = blocks
            .Where(b => b.Obstacle is null && _request.Allows(b))
            .Select(b =>
                (Block: b, Strength: _request.BlockScores is { } scores
                    ? scores.GetValueOrDefault(_names.Of(b.Join), 1)
                    : BranchStrength.Of(b, _graph.Constants)))
            .ToArray();
        var mean = candidates.Select(c => c.Strength).DefaultIfEmpty(1).Average();
        return candidates.Select(c => new Step(mean > 0 ? c.Strength / mean : 0, -1, 0, c.Block));
    }

    private void Rank(int g)
    {
        var group = _graph.Groups[g];
        var scores = _request.Criterion?.Score(_graph, group);
        if (scores is null && _request.Criterion is not null)
        {
            JudgedOtherwise++;
        }

        scores ??= new ScaledNorm().Score(_graph, group) ?? [.. Enumerable.Repeat(1.0, group.Channels.Count)];
        var mean = scores.Average();
        _scores[g] = mean > 0 && !_request.RanksGlobally ? Array.ConvertAll(scores, s => s / mean) : scores;

        // A group that must not be touched keeps its dead channels as well.
        if (_request.CutsChannels && _request.Allows(group))
        {
            var dead = Planning.DeadChannels.Of(_graph, group, _moments, _request.AbsorbMeans).ToHashSet();
            _dead[g] = dead.Count;
            for (var i = 0; i < group.Channels.Count; i++)
            {
                _scores[g][i] = dead.Contains(group.Channels[i]) ? -1 : _scores[g][i];
            }
        }
    }
}
