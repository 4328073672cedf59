using OnnxPrune.Blocks;
using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>
/// Chooses cuts by their measured damage: the total over all cuts is kept small while the targets come to hold. At every turn that cut
/// is taken which does the least damage for what it saves; a block competes with the cuts of the groups inside its branch. What turns out
/// not to be needed is given back, and cuts are exchanged for others as long as that does less damage.
/// </summary>
internal sealed class MeasuredAllocation
{
    private const int MostExchanges = 20;

    // Large networks have thousands of possible cuts: exchanges end when so many were looked at.
    private const int MostLooks = 200_000;

    private readonly CostModel _cost;
    private readonly Cost _original;
    private readonly IReadOnlyList<Target> _targets;
    private readonly IReadOnlyList<GroupDamage> _groups;
    private readonly Dictionary<ResidualBlock, BlockDamage> _blocks;
    private readonly Dictionary<ResidualBlock, HashSet<int>> _inside;

    // By group and kept channels.
    private readonly double[][] _damages;
    private State _state;
    private int _looks;

    /// <param name="groupsInside">The groups that are gone when a block is.</param>
    public MeasuredAllocation(
        CostModel cost,
        Cost original,
        IReadOnlyList<Target> targets,
        IReadOnlyList<GroupDamage> groups,
        IReadOnlyList<BlockDamage> blocks,
        Func<ResidualBlock, IEnumerable<int>> groupsInside)
    {
        (_cost, _original, _targets, _groups) = (cost, original, targets, groups);
        _blocks = blocks.ToDictionary(b => b.Block);
        _inside = blocks.ToDictionary(b => b.Block, b => groupsInside(b.Block).ToHashSet());
        _damages = [.. cost.Whole.Select(whole => new double[whole + 1])];
        foreach (var (group, options) in groups.Select(g => (g.Group, g.Options)))
        {
            foreach (var (kept, damage) in options)
            {
                _damages[group][kept] = damage;
            }
        }

        _state = new State(this, [.. cost.Whole], new Removal(this, []));
    }

    public IReadOnlyList<int> Kept => _state.Kept;

    public IReadOnlyList<ResidualBlock> Removed => _state.Removed;

    public Cost Cost => _state.Cost;

    public bool IsMet => Meets(_state);

    /// <summary>The total damage of what was chosen.</summary>
    public double Damage => _state.Damage;

    public void Run()
    {
        _state = Cut(_state, _ => true, double.PositiveInfinity);
        if (IsMet)
        {
            _state = Exchange(GiveBack(_state));
        }
    }

    /// <summary>Takes cut after cut until the targets hold, none is left, or too much damage is done.</summary>
    /// <param name="allows">Which cuts may be taken.</param>
    private State Cut(State state, Func<Step, bool> allows, double mostDamage)
    {
        while (!Meets(state) && state.Damage < mostDamage)
        {
            var unmet = _targets.Where(t => !t.IsMet(state.Cost, _original)).ToArray();
            var next = Next(state, unmet)
                .Where(n => allows(n.Step) && !double.IsNaN(n.Rate))
                .DefaultIfEmpty((Step: default, Rate: double.NaN))
                .MinBy(n => n.Rate);
            if (double.IsNaN(next.Rate))
            {
                break;
            }

            state = state.After(next.Step);
        }

        return state;
    }

    /// <summary>Undoes single cuts, the most damaging first, while the targets still hold.</summary>
    private State GiveBack(State state)
    {
        while (Previous(state).Where(p => p.Damage < state.Damage).OrderBy(p => p.Damage).Select(p => p.Made())
            .FirstOrDefault(Meets) is { } better)
        {
            state = better;
        }

        return state;
    }

    /// <summary>
    /// Undoes one cut and makes others instead: what was cheap when it was taken may be dear for what it saves beside the others.
    /// </summary>
    private State Exchange(State state)
    {
        for (var round = 0; round < MostExchanges; round++)
        {
            var best = state;
            foreach (var (start, allows) in Undone(state).OrderBy(u => u.Start.Damage).ToArray())
            {
                // Where little is undone, little can be won.
                if (start.Damage >= best.Damage || _looks > MostLooks)
                {
                    break;
                }

                if (Cut(start, allows, best.Damage) is var other
                    && Meets(other)
                    && GiveBack(other) is var better
                    && better.Damage < best.Damage)
                {
                    best = better;
                }
            }

            if (best == state)
            {
                break;
            }

            state = best;
        }

        return state;
    }

    /// <summary>
    /// The state without one of its cuts, or with one made smaller by a step, and what may be taken from there: anything but that cut.
    /// </summary>
    private IEnumerable<(State Start, Func<Step, bool> Allows)> Undone(State state)
    {
        foreach (var group in _groups)
        {
            int[] more = [.. Larger(group, state)];
            foreach (var kept in more.Length == 0 ? more : [.. new[] { more.Min(), more.Max() }.Distinct()])
            {
                yield return (state.With(group.Group, kept), s => s.Block is not null || s.Group != group.Group || s.Kept >= kept);
            }
        }

        foreach (var block in state.Removed)
        {
            yield return (state.With(block), s => s.Block != block);
        }
    }

    /// <summary>
    /// The next cuts, and the damage that each does for what it saves of the targets that do not hold yet; NaN when nothing is saved.
    /// </summary>
    private IEnumerable<(Step Step, double Rate)> Next(State state, Target[] unmet)
    {
        foreach (var group in _groups.Where(g => !state.IsGone(g.Group)))
        {
            foreach (var (kept, before, after) in state.Smaller(group))
            {
                _looks++;
                yield return (new Step(group.Group, kept, null), Rate(state.DamageWith(group.Group, kept), Saved(before, after)));
            }
        }

        foreach (var block in _blocks.Keys.Where(b => !state.Removed.Contains(b)))
        {
            var next = state.Without(block);
            yield return (new Step(0, 0, block), Rate(next.Damage, Saved(state.Cost, next.Cost)));
        }

        double Saved(Cost before, Cost after) => unmet.Sum(t => (double)(t.Of(before) - t.Of(after)) / t.Of(_original));

        double Rate(double damage, double saved) => saved > 0 ? (damage - state.Damage) / saved : double.NaN;
    }

    /// <summary>Of hundreds of states, the first few are looked at: the others are not made.</summary>
    private IEnumerable<(double Damage, Func<State> Made)> Previous(State state) => _groups
        .SelectMany(g => Larger(g, state).Select(kept => (state.DamageWith(g.Group, kept), (Func<State>)(() => state.With(g.Group, kept)))))
        .Concat(state.Removed.Select(state.With).Select(s => (s.Damage, (Func<State>)(() => s))));

    /// <summary>The counts that are larger than the state's.</summary>
    private IEnumerable<int> Larger(GroupDamage group, State state) =>
        group.Options.Select(o => o.Kept).Append(_cost.Whole[group.Group]).Where(k => k > state.Kept[group.Group]);

    private bool Meets(State state) => _targets.All(t => t.IsMet(state.Cost, _original));

    /// <summary>A cut: of a group to so many channels, or of a block.</summary>
    private readonly record struct Step(int Group, int Kept, ResidualBlock? Block);

    /// <summary>A state of the network, of which there are as many as steps are considered.</summary>
    private sealed class State(MeasuredAllocation all, int[] kept, Removal removal)
    {
        private Cost? _cost;
        private double? _damage;

        /// <summary>By the groups of the channel graph.</summary>
        public int[] Kept => kept;

        public IReadOnlyList<ResidualBlock> Removed => removal.Blocks;

        public Cost Cost
        {
            get
            {
                all._looks += _cost is null ? 1 : 0;
                return _cost ??= all._cost.Evaluate(kept, removal.Nodes);
            }
        }

        public double Damage =>
            _damage ??= all._groups.Where(g => !IsGone(g.Group)).Sum(g => DamageOf(g.Group, kept[g.Group])) + Removed.Sum(DamageOf);

        /// <summary>True if the group lies in a block that is removed.</summary>
        public bool IsGone(int group) => removal.Groups.Contains(group);

        public double DamageWith(int group, int count) =>
            IsGone(group) ? Damage : Damage - DamageOf(group, kept[group]) + DamageOf(group, count);

        /// <summary>
        /// For every smaller count of the group's channels that is to be had: the part of the cost that depends on the group, before and
        /// after.
        /// </summary>
        public IEnumerable<(int Kept, Cost Before, Cost After)> Smaller(GroupDamage group)
        {
            var (trial, now) = ((int[])kept.Clone(), kept[group.Group]);
            Cost? before = null;
            foreach (var (count, _) in group.Options.Where(o => o.Kept < now))
            {
                before ??= all._cost.PartOf(group.Group, kept, removal.Nodes);
                trial[group.Group] = count;
                yield return (count, before.Value, all._cost.PartOf(group.Group, trial, removal.Nodes));
            }
        }

        public State After(Step step) => step.Block is { } block ? Without(block) : With(step.Group, step.Kept);

        public State With(int group, int count)
        {
            var copy = (int[])kept.Clone();
            copy[group] = count;
            return new State(all, copy, removal) { _damage = DamageWith(group, count) };
        }

        public State With(ResidualBlock block) => new(all, kept, new Removal(all, [.. Removed.Where(b => b != block)]));

        public State Without(ResidualBlock block) => new(all, kept, new Removal(all, [.. Removed, block]));

        private double DamageOf(int group, int count) => all._damages[group][count];

        /// <summary>The damage of removing the block, and that of removing it and the next one beyond the sum of both.</summary>
        private double DamageOf(ResidualBlock block)
        {
            var (alone, together) = (all._blocks[block].Damage, all._blocks[block].Together);
            return together is { } both && Removed.Contains(both.Next) ? both.Damage - all._blocks[both.Next].Damage : alone;
        }
    }

    /// <summary>Blocks that are removed, with what goes with them; the same for all states that differ in channels only.</summary>
    private sealed class Removal(MeasuredAllocation all, IReadOnlyList<ResidualBlock> blocks)
    {
        public IReadOnlyList<ResidualBlock> Blocks => blocks;

        public HashSet<Node> Nodes { get; } = [.. blocks.SelectMany(b => b.Branch.Append(b.Join))];

        public HashSet<int> Groups { get; } = [.. blocks.SelectMany(b => all._inside[b])];
    }
}
