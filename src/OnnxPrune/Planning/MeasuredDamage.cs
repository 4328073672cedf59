using OnnxPrune.Blocks;

namespace OnnxPrune.Planning;

/// <summary>What cutting a group by itself does to the network's outputs, measured after repair.</summary>
/// <param name="Group">The group's place in the channel graph.</param>
/// <param name="Order">Its channels, in the order in which they leave best.</param>
/// <param name="Options">Kept counts below the whole, falling, each with its damage.</param>
public sealed record GroupDamage(int Group, IReadOnlyList<int> Order, IReadOnlyList<(int Kept, double Damage)> Options);

/// <summary>What removing a block by itself does.</summary>
public sealed record BlockDamage(ResidualBlock Block, double Damage);

/// <summary>
/// Chooses cuts by their measured damage: the total over all cuts is kept small while the targets come to hold. At every turn that cut
/// is taken which does the least damage for what it saves; a block competes with the cuts of the groups inside its branch.
/// </summary>
public sealed class MeasuredAllocation
{
    private readonly CostModel _cost;
    private readonly Cost _original;
    private readonly IReadOnlyList<Target> _targets;
    private readonly IReadOnlyList<GroupDamage> _groups;
    private readonly IReadOnlyList<BlockDamage> _blocks;
    private readonly Dictionary<ResidualBlock, HashSet<int>> _inside;
    private State _state;

    /// <param name="groupsInside">The groups that are gone when a block is.</param>
    public MeasuredAllocation(
        CostModel cost,
        Cost original,
        IReadOnlyList<Target> targets,
        IReadOnlyList<GroupDamage> groups,
        IReadOnlyList<BlockDamage> blocks,
        Func<ResidualBlock, IEnumerable<int>> groupsInside)
    {
        (_cost, _original, _targets, _groups, _blocks) = (cost, original, targets, groups, blocks);
        _inside = blocks.ToDictionary(b => b.Block, b => groupsInside(b.Block).ToHashSet());
        _state = new State([.. cost.Whole], []);
    }

    public IReadOnlyList<int> Kept => _state.Kept;

    public IReadOnlyList<ResidualBlock> Removed => _state.Removed;

    public Cost Cost => CostOf(_state);

    public bool IsMet => Meets(_state);

    public void Run()
    {
        while (!IsMet)
        {
            var best = Next(_state).Select(s => (State: s, Rate: Rate(s))).Where(p => !double.IsNaN(p.Rate)).DefaultIfEmpty().MinBy(p => p.Rate);
            if (best.State is null)
            {
                return;
            }

            _state = best.State;
        }

        GiveBack();
    }

    /// <summary>Undoes single cuts, the most damaging first, while the targets still hold.</summary>
    private void GiveBack()
    {
        while (true)
        {
            var better = Previous(_state).Where(Meets).DefaultIfEmpty().MinBy(s => s is null ? 0 : DamageOf(s));
            if (better is null || DamageOf(better) >= DamageOf(_state))
            {
                return;
            }

            _state = better;
        }
    }

    private IEnumerable<State> Next(State state)
    {
        foreach (var group in _groups.Where(g => !state.Removed.Any(b => _inside[b].Contains(g.Group))))
        {
            foreach (var (kept, _) in group.Options.Where(o => o.Kept < state.Kept[group.Group]))
            {
                yield return state.With(group.Group, kept);
            }
        }

        foreach (var block in _blocks.Where(b => !state.Removed.Contains(b.Block)))
        {
            yield return state with { Removed = [.. state.Removed, block.Block] };
        }
    }

    private IEnumerable<State> Previous(State state)
    {
        foreach (var group in _groups)
        {
            var now = state.Kept[group.Group];
            foreach (var kept in group.Options.Select(o => o.Kept).Append(_cost.Whole[group.Group]).Where(k => k > now))
            {
                yield return state.With(group.Group, kept);
            }
        }

        foreach (var block in state.Removed)
        {
            yield return state with { Removed = [.. state.Removed.Where(b => b != block)] };
        }
    }

    private double DamageOf(State state) =>
        _groups.Where(g => !state.Removed.Any(b => _inside[b].Contains(g.Group))).Sum(g => DamageOf(g, state.Kept[g.Group]))
        + _blocks.Where(b => state.Removed.Contains(b.Block)).Sum(b => b.Damage);

    private static double DamageOf(GroupDamage group, int kept) => group.Options.Where(o => o.Kept == kept).Select(o => o.Damage).DefaultIfEmpty(0).First();

    /// <summary>Damage for what is saved of the targets that do not hold yet; NaN when nothing is saved.</summary>
    private double Rate(State next)
    {
        var (now, then) = (CostOf(_state), CostOf(next));
        var saved = _targets.Where(t => !t.IsMet(now, _original)).Sum(t => (double)(t.Of(now) - t.Of(then)) / t.Of(_original));
        return saved > 0 ? (DamageOf(next) - DamageOf(_state)) / saved : double.NaN;
    }

    private Cost CostOf(State state) => _cost.Evaluate(state.Kept, state.Removed.SelectMany(b => b.Branch.Append(b.Join)).ToHashSet());

    private bool Meets(State state) => CostOf(state) is var cost && _targets.All(t => t.IsMet(cost, _original));

    private sealed record State(int[] Kept, IReadOnlyList<ResidualBlock> Removed)
    {
        public State With(int group, int kept)
        {
            var copy = (int[])Kept.Clone();
            copy[group] = kept;
            return this with { Kept = copy };
        }
    }
}
