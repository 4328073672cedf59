using OnnxPrune.Blocks;
using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>
/// A choice of cuts, with its damage and its cost. Never changes: the search makes as many as steps are considered.
/// </summary>
/// <param name="kept">The channels that stay, by the groups of the channel graph.</param>
/// <param name="smaller">The savings of groups, as far as they are known already.</param>
internal sealed class AllocationState(CutTable cuts, int[] kept, RemovedBlocks removal, (int Kept, Cost Before, Cost After)[]?[] smaller)
{
    private Cost? _cost;
    private double? _damage;

    public IReadOnlyList<int> Kept => kept;

    public IReadOnlyList<ResidualBlock> Removed => removal.Blocks;

    /// <summary>The nodes of these.</summary>
    public IReadOnlySet<Node> RemovedNodes => removal.Nodes;

    /// <summary>True if the cost was counted already.</summary>
    public bool IsCounted => _cost is not null;

    public Cost Cost => _cost ??= cuts.Cost.Evaluate(kept, removal.Nodes);

    public double Damage => _damage ??=
        cuts.Groups.Where(g => !IsGone(g.Group)).Sum(g => cuts.DamageOf(g.Group, kept[g.Group]))
            + Removed.Sum(b => cuts.DamageOf(b, Removed));

    /// <summary>The state before any cut.</summary>
    public static AllocationState Whole(CutTable cuts) => Of(cuts, [.. cuts.Cost.Whole], []);

    /// <summary>The state with everything gone that may go.</summary>
    public static AllocationState Smallest(CutTable cuts)
    {
        int[] kept = [.. cuts.Cost.Whole];
        foreach (var group in cuts.Groups.Where(g => g.Options.Count > 0))
        {
            kept[group.Group] = group.Options[^1].Kept;
        }

        return Of(cuts, kept, [.. cuts.Blocks]);
    }

    /// <summary>True if the group lies in a block that is removed.</summary>
    public bool IsGone(int group) => removal.Groups.Contains(group);

    /// <summary>The damage with another count of the group's channels.</summary>
    public double DamageWith(int group, int count) =>
        IsGone(group) ? Damage : Damage - cuts.DamageOf(group, kept[group]) + cuts.DamageOf(group, count);

    /// <summary>
    /// For every smaller count of the group's channels that is to be had: the part of the cost that depends on the group, before and
    /// after.
    /// </summary>
    public IReadOnlyList<(int Kept, Cost Before, Cost After)> Smaller(GroupDamage group) =>
        smaller[group.Group] ??= [.. SavingsOf(group)];

    /// <summary>The counts of the group's channels that are larger.</summary>
    public IEnumerable<int> Larger(GroupDamage group) =>
        group.Options.Select(o => o.Kept).Append(cuts.Cost.Whole[group.Group]).Where(k => k > kept[group.Group]);

    /// <summary>The same with another count of the group's channels.</summary>
    public AllocationState With(int group, int count)
    {
        var (copy, known) = ((int[])kept.Clone(), ((int, Cost, Cost)[]?[])smaller.Clone());
        copy[group] = count;
        foreach (var neighbour in cuts.Cost.NeighboursOf(group))
        {
            known[neighbour] = null;
        }

        return new AllocationState(cuts, copy, removal, known) { _damage = DamageWith(group, count) };
    }

    /// <summary>The same with a block that was removed.</summary>
    public AllocationState With(ResidualBlock block) => Of(cuts, kept, [.. Removed.Where(b => b != block)]);

    /// <summary>The same without a block that was there.</summary>
    public AllocationState Without(ResidualBlock block) => Of(cuts, kept, [.. Removed, block]);

    private static AllocationState Of(CutTable cuts, int[] kept, IReadOnlyList<ResidualBlock> removed) =>
        new(cuts, kept, cuts.Removal(removed), new (int, Cost, Cost)[]?[kept.Length]);

    private IEnumerable<(int Kept, Cost Before, Cost After)> SavingsOf(GroupDamage group)
    {
        var (trial, now) = ((int[])kept.Clone(), kept[group.Group]);
        Cost? before = null;
        foreach (var (count, _) in group.Options.Where(o => o.Kept < now))
        {
            before ??= cuts.Cost.PartOf(group.Group, kept, removal.Nodes);
            trial[group.Group] = count;
            yield return (count, before.Value, cuts.Cost.PartOf(group.Group, trial, removal.Nodes));
        }
    }
}
