using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Importance;

namespace OnnxPrune.Planning;

/// <summary>
/// The cuts that a request allows, with the damage that a criterion expects of each: the share of the group's score that leaves, once for
/// every layer that reads the group. All these layers miss the same channels, so that their errors add up in size, and count squared.
/// </summary>
internal sealed class ScoredCuts
{
    // The damage of a block as strong as the others, where 1 is that of a group that one layer reads. By 1, blocks went in place of
    // channels, and trained ResNets lost more accuracy; by 2 they stay until little else is left.
    private const double BlockDamageFactor = 2;

    private readonly NetworkAnalysis _network;
    private readonly PruneRequest _request;
    private readonly int[] _dead;

    private ScoredCuts(NetworkAnalysis network, PruneRequest request)
    {
        (_network, _request, _dead) = (network, request, new int[network.Channels.Groups.Count]);
        Candidates = new CutCandidates(Groups(), Blocks())
        {
            CountChannels = request.RanksGlobally || request.BlockScores is not null,
        };
    }

    /// <param name="network">What is left of the model.</param>
    public static ScoredCuts Of(NetworkAnalysis network, PruneRequest request) => new(network, request);

    public CutCandidates Candidates { get; }

    /// <summary>Groups whose channels the criterion could not judge, so that another one did.</summary>
    public int JudgedOtherwise { get; private set; }

    /// <summary>The channels of a group that go because they are dead: for free, but only to a count that the runtime likes.</summary>
    public int DeadThatGo(int group)
    {
        var channels = _network.Channels.Groups[group];
        var count = channels.Channels.Count;
        return _dead[group] == 0
            ? 0
            : count - _request.Rounding.Counts(channels).Where(k => k >= count - _dead[group]).Min();
    }

    // A group that must not be touched keeps its dead channels as well.
    private GroupDamage[] Groups() => !_request.CutsChannels ? [] :
    [
        .. Enumerable.Range(0, _network.Channels.Groups.Count)
            .Where(g => _request.Allows(_network.Channels.Groups[g]))
            .Select(g => Damage(g, _network.Channels.Groups[g])),
    ];

    private GroupDamage Damage(int index, ChannelGroup group)
    {
        var scores = Scores(group);
        var dead = DeadChannels.Of(_network.Channels, group, _network.Moments, _request.AbsorbMeans).ToHashSet();
        _dead[index] = dead.Count;

        // The dead ones first, then by score; ties by place, so that runs repeat.
        int[] order =
        [
            .. Enumerable.Range(0, scores.Length)
                .OrderBy(i => dead.Contains(group.Channels[i]) ? -1 : scores[i])
                .ThenBy(i => i),
        ];
        var options = new List<(int, double)>();
        var (gone, score) = (0, 0.0);
        foreach (var kept in _request.Rounding.Counts(group).Skip(1))
        {
            for (; gone < scores.Length - kept; gone++)
            {
                score += gone < dead.Count ? 0 : scores[order[gone]];
            }

            options.Add((kept, Weight(group) * score));
        }

        return new GroupDamage(index, [.. order.Select(i => group.Channels[i])], options);
    }

    private double[] Scores(ChannelGroup group)
    {
        var scores = _request.Criterion?.Score(_network.Channels, group);
        JudgedOtherwise += scores is null && _request.Criterion is not null ? 1 : 0;
        scores ??= new ScaledNorm().Score(_network.Channels, group) ?? [.. Enumerable.Repeat(1.0, group.Channels.Count)];
        var sum = scores.Sum();
        return sum > 0 && !_request.RanksGlobally ? Array.ConvertAll(scores, s => s / sum) : scores;
    }

    private double Weight(ChannelGroup group)
    {
        var readers = Math.Max(1, group.Consumers.Select(r => r.Node).Distinct().Count());
        return _request.RanksGlobally ? 1 : (double)readers * readers;
    }

    /// <summary>A block is missed as much as its last layer is strong, compared with the other blocks' last layers.</summary>
    private BlockDamage[] Blocks()
    {
        if (!_request.CutsBlocks)
        {
            return [];
        }

        ResidualBlock[] blocks = [.. _network.Blocks.Where(b => b.Obstacle is null && _request.Allows(b))];
        if (_request.BlockScores is { } scores)
        {
            var names = new NodeNames(_network.Model.Graph);
            return Array.ConvertAll(blocks, b => new BlockDamage(b, scores.GetValueOrDefault(names.Of(b.Join), 1)));
        }

        var strengths = Array.ConvertAll(blocks, b => BranchStrength.Of(b, _network.Constants));
        var mean = strengths.DefaultIfEmpty(1).Average();
        return [.. blocks.Zip(strengths, (b, s) => new BlockDamage(b, mean > 0 ? BlockDamageFactor * s / mean : 0))];
    }
}
