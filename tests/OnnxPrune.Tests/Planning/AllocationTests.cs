using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Operators;
using OnnxPrune.Planning;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Planning;

public sealed class AllocationTests
{
    private static readonly Target s_target = Target.Parse("macs=70%");

    private readonly ChannelGraph _graph;
    private readonly CostModel _cost;
    private readonly ResidualBlock[] _blocks;

    public AllocationTests()
    {
        var model = ModelCopy.WithShapes(OnnxFile.Read(Path.Combine(SharedFiles.Root, "models", "resnet20_cifar_A.onnx")));
        _graph = ChannelFlow.Through(model);
        _cost = new CostModel(_graph, new CostShapes(_graph.Constants));
        _blocks = [.. BlockFinder.Find(model, _graph.Constants).Where(b => b.Obstacle is null)];
    }

    private Cost Whole => _cost.Evaluate(_cost.Whole);

    // With these damages, taking what is cheapest and giving back what is not needed leaves something to exchange.
    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(16)]
    [InlineData(25)]
    [InlineData(34)]
    public void No_exchange_of_one_cut_for_another_does_less_damage(int seed)
    {
        var (groups, blocks) = Made(new Random(seed));
        var allocation = Run(groups, blocks);

        Assert.True(s_target.IsMet(allocation.Cost, Whole));
        var (kept, removed) = (allocation.Kept.ToArray(), allocation.Removed.ToHashSet());
        foreach (var undone in Neighbours(groups, blocks, kept, removed))
        {
            foreach (var other in Neighbours(groups, blocks, undone.Kept, undone.Removed))
            {
                Assert.True(!IsMet(other) || Damage(groups, blocks, other) >= allocation.Damage - 1e-12);
            }
        }
    }

    [Fact]
    public void Neighbours_that_are_dear_together_do_not_both_leave()
    {
        var groups = Array.Empty<GroupDamage>();
        var second = _blocks[1];
        BlockDamage[] blocks = [
            new(_blocks[0], 1) { Together = (second, 50) }, new(second, 1), .. _blocks.Skip(2).Select(b => new BlockDamage(b, 3))
        ];

        var apart = Run(groups, blocks);
        var free = Run(groups, [blocks[0] with { Together = null }, .. blocks.Skip(1)]);

        Assert.True(free.Removed.Contains(_blocks[0]) && free.Removed.Contains(second));
        Assert.False(apart.Removed.Contains(_blocks[0]) && apart.Removed.Contains(second));
        Assert.True(s_target.IsMet(apart.Cost, Whole));
    }

    [Fact]
    public void What_lies_in_a_removed_block_does_no_damage_of_its_own()
    {
        var (groups, _) = Made(new Random(1));
        BlockDamage[] blocks = [.. _blocks.Select(b => new BlockDamage(b, 1e-3))];

        var allocation = Run(groups, blocks);

        Assert.Equal(allocation.Removed.Count * 1e-3, allocation.Damage, 1e-9);
    }

    private AllocationState Run(IReadOnlyList<GroupDamage> groups, IReadOnlyList<BlockDamage> blocks) =>
        Allocation.Of(_graph, _cost, Whole, [s_target], new CutCandidates(groups, blocks));

    /// <summary>Damages that grow with what is cut, at random.</summary>
    private (GroupDamage[] Groups, BlockDamage[] Blocks) Made(Random random)
    {
        var groups = Enumerable.Range(0, _graph.Groups.Count).Select(g =>
        {
            var count = _graph.Groups[g].Channels.Count;
            var damage = 0.0;
            var options = Enumerable.Range(1, 3).Select(i => (count * (4 - i) / 4, damage += random.NextDouble())).ToArray();
            return new GroupDamage(g, _graph.Groups[g].Channels, options);
        });
        return ([.. groups], [.. _blocks.Select(b => new BlockDamage(b, 3 * random.NextDouble()))]);
    }

    /// <summary>All states that differ in one cut, and the state itself.</summary>
    private IEnumerable<(int[] Kept, HashSet<ResidualBlock> Removed)> Neighbours(
        GroupDamage[] groups, BlockDamage[] blocks, int[] kept, HashSet<ResidualBlock> removed)
    {
        yield return (kept, removed);
        foreach (var group in groups)
        {
            foreach (var count in group.Options.Select(o => o.Kept).Append(_cost.Whole[group.Group]).Where(k => k != kept[group.Group]))
            {
                var changed = (int[])kept.Clone();
                changed[group.Group] = count;
                yield return (changed, removed);
            }
        }

        foreach (var block in blocks.Select(b => b.Block))
        {
            yield return (kept, removed.Contains(block) ? [.. removed.Where(b => b != block)] : [.. removed, block]);
        }
    }

    private bool IsMet((int[] Kept, HashSet<ResidualBlock> Removed) state) =>
        s_target.IsMet(_cost.Evaluate(state.Kept, state.Removed.SelectMany(b => b.Branch.Append(b.Join)).ToHashSet()), Whole);

    private double Damage(GroupDamage[] groups, BlockDamage[] blocks, (int[] Kept, HashSet<ResidualBlock> Removed) state) =>
        groups.Where(g => !state.Removed.Any(b => Inside(b).Contains(g.Group)))
            .Sum(g => g.Options.Where(o => o.Kept == state.Kept[g.Group]).Sum(o => o.Damage))
        + blocks.Where(b => state.Removed.Contains(b.Block)).Sum(b => b.Damage);

    private IEnumerable<int> Inside(ResidualBlock block) =>
        Enumerable.Range(0, _graph.Groups.Count)
            .Where(g => _graph.Groups[g].Producers is { Count: > 0 } producers && producers.All(block.Branch.Contains));
}
