using OnnxPrune.Blocks;
using OnnxPrune.Channels;

namespace OnnxPrune.Planning;

/// <summary>
/// Chooses cuts by their damage: the total over all cuts is kept small while the targets come to hold. At every turn that cut is taken
/// which does the least damage for what it saves of the targets; a block competes with the cuts of the groups inside its branch. What
/// turns out not to be needed is given back, and cuts are exchanged for others as long as that does less damage.
/// </summary>
internal sealed class Allocation
{
    private const int MostExchanges = 20;

    // Large networks have thousands of possible cuts: exchanges end when so many were looked at.
    private const int MostLooks = 200_000;

    private readonly Cost _original;
    private readonly IReadOnlyList<Target> _targets;
    private readonly CutTable _cuts;
    private readonly bool _countsChannels;
    private int _looks;

    private Allocation(ChannelGraph graph, CostModel cost, Cost original, IReadOnlyList<Target> targets, CutCandidates candidates)
    {
        (_original, _targets, _countsChannels) = (original, targets, candidates.CountChannels);
        _cuts = new CutTable(graph, cost, candidates);
    }

    /// <summary>The cuts with about the least total damage by which the targets hold.</summary>
    /// <param name="original">The cost that targets are shares of.</param>
    /// <returns>The state with everything gone that may go, where even that does not meet the targets.</returns>
    public static AllocationState Of(
        ChannelGraph graph, CostModel cost, Cost original, IReadOnlyList<Target> targets, CutCandidates candidates)
    {
        var all = new Allocation(graph, cost, original, targets, candidates);
        return all.Run(AllocationState.Whole(all._cuts));
    }

    private AllocationState Run(AllocationState whole)
    {
        var cut = Cut(whole, _ => true, double.PositiveInfinity);
        if (!Meets(cut))
        {
            // No cut saves anything alone. Groups that share an axis save time together, by a whole tile.
            cut = AllocationState.Smallest(_cuts);
        }

        return !Meets(cut) ? cut : _countsChannels ? GiveBack(cut) : Exchange(GiveBack(cut));
    }

    /// <summary>Takes cut after cut until the targets hold, none is left, or too much damage is done.</summary>
    /// <param name="allows">Which cuts may be taken.</param>
    private AllocationState Cut(AllocationState state, Func<Step, bool> allows, double mostDamage)
    {
        while (!Meets(state) && state.Damage < mostDamage)
        {
            var unmet = _targets.Where(t => !t.IsMet(state.Cost, _original)).ToArray();
            var next = Next(state, unmet)
                .Where(n => n.Rate is not null && allows(n.Step))
                .DefaultIfEmpty((Step: default, Rate: null))
                .MinBy(n => n.Rate);
            if (next.Rate is null)
            {
                break;
            }

            state = next.Step.Block is { } block ? state.Without(block) : state.With(next.Step.Group, next.Step.Kept);
        }

        return state;
    }

    /// <summary>Undoes single cuts, the most damaging first, while the targets still hold.</summary>
    private AllocationState GiveBack(AllocationState state)
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
    private AllocationState Exchange(AllocationState state)
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
    private IEnumerable<(AllocationState Start, Func<Step, bool> Allows)> Undone(AllocationState state)
    {
        foreach (var group in _cuts.Groups)
        {
            int[] more = [.. state.Larger(group)];
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
    /// The next cuts, and the damage that each does for what it saves of the targets that do not hold yet; null when nothing is saved.
    /// </summary>
    private IEnumerable<(Step Step, double? Rate)> Next(AllocationState state, Target[] unmet)
    {
        foreach (var group in _cuts.Groups.Where(g => !state.IsGone(g.Group)))
        {
            foreach (var (kept, before, after) in state.Smaller(group))
            {
                _looks++;
                yield return (
                    new Step(group.Group, kept, null),
                    Rate(state.DamageWith(group.Group, kept), Saved(before, after), state.Kept[group.Group] - kept));
            }
        }

        foreach (var block in _cuts.Blocks.Where(b => !state.Removed.Contains(b)))
        {
            var next = state.Without(block);
            yield return (new Step(0, 0, block), Rate(next.Damage, Saved(state.Cost, Look(next).Cost), channels: 1));
        }

        double Saved(Cost before, Cost after) => unmet.Sum(t => (double)(t.Of(before) - t.Of(after)) / t.Of(_original));

        double? Rate(double damage, double saved, int channels) =>
            saved > 0 ? (damage - state.Damage) / (_countsChannels ? channels : saved) : null;
    }

    /// <summary>Of hundreds of states, the first few are looked at: the others are not made.</summary>
    private IEnumerable<(double Damage, Func<AllocationState> Made)> Previous(AllocationState state) => _cuts.Groups
        .SelectMany(g => state.Larger(g)
            .Select(kept => (state.DamageWith(g.Group, kept), (Func<AllocationState>)(() => state.With(g.Group, kept)))))
        .Concat(state.Removed.Select(state.With).Select(s => (s.Damage, (Func<AllocationState>)(() => s))));

    private bool Meets(AllocationState state) => _targets.All(t => t.IsMet(Look(state).Cost, _original));

    private AllocationState Look(AllocationState state)
    {
        _looks += state.IsCounted ? 0 : 1;
        return state;
    }

    /// <summary>A cut: of a group to so many channels, or of a block.</summary>
    private readonly record struct Step(int Group, int Kept, ResidualBlock? Block);
}
