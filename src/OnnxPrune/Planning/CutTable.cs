using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>The candidates of an allocation by what they cut, with the costs that they change.</summary>
internal sealed class CutTable
{
    private readonly Dictionary<ResidualBlock, BlockDamage> _blocks;
    private readonly Dictionary<ResidualBlock, HashSet<int>> _inside;

    // By group and kept channels.
    private readonly double[][] _damages;

    public CutTable(ChannelGraph graph, CostModel cost, CutCandidates candidates)
    {
        (Cost, Groups) = (cost, candidates.Groups);
        _blocks = candidates.Blocks.ToDictionary(b => b.Block);
        _inside = candidates.Blocks.ToDictionary(b => b.Block, b => Inside(graph, b.Block));
        _damages = [.. cost.Whole.Select(whole => new double[whole + 1])];
        foreach (var group in candidates.Groups)
        {
            foreach (var (kept, damage) in group.Options)
            {
                _damages[group.Group][kept] = damage;
            }
        }
    }

    public CostModel Cost { get; }

    public IReadOnlyList<GroupDamage> Groups { get; }

    public IReadOnlyCollection<ResidualBlock> Blocks => _blocks.Keys;

    /// <summary>The damage of cutting the group to so many channels; 0 for all of them.</summary>
    public double DamageOf(int group, int kept) => _damages[group][kept];

    /// <summary>The damage of removing the block: of it and the next one, beyond that of the next one, where that is removed too.</summary>
    public double DamageOf(ResidualBlock block, IReadOnlyList<ResidualBlock> removed)
    {
        var (alone, together) = (_blocks[block].Damage, _blocks[block].Together);
        return together is { } both && removed.Contains(both.Next) ? both.Damage - _blocks[both.Next].Damage : alone;
    }

    /// <summary>Blocks that are removed, with what goes with them.</summary>
    public RemovedBlocks Removal(IReadOnlyList<ResidualBlock> blocks) => new(
        blocks, blocks.SelectMany(b => b.Branch.Append(b.Join)).ToHashSet(), blocks.SelectMany(b => _inside[b]).ToHashSet());

    /// <summary>The groups that are gone when the block is.</summary>
    private static HashSet<int> Inside(ChannelGraph graph, ResidualBlock block)
    {
        var branch = block.Branch.ToHashSet();
        return [.. Enumerable.Range(0, graph.Groups.Count)
            .Where(g => graph.Groups[g].Producers.All(branch.Contains) && graph.Groups[g].Producers.Count > 0)];
    }
}

/// <summary>Blocks that are removed; the same for all states of an allocation that differ in channels only.</summary>
/// <param name="Nodes">What goes with them.</param>
/// <param name="Groups">The groups that go with them.</param>
internal sealed record RemovedBlocks(IReadOnlyList<ResidualBlock> Blocks, IReadOnlySet<Node> Nodes, IReadOnlySet<int> Groups);
