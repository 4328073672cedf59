using OnnxPrune.Blocks;
using OnnxPrune.Graphs;

namespace OnnxPrune.Planning;

/// <summary>One thing that can be removed: channels of a group down to <paramref name="Kept"/>, or a block.</summary>
/// <param name="Score">How much it would be missed: 1 is an average channel of its group.</param>
/// <param name="Group">The group's place in the channel graph; −1 for a block.</param>
internal sealed record Step(double Score, int Group, int Kept, ResidualBlock? Block = null);

/// <summary>
/// Chooses which steps to take: the cheapest first until all targets hold, then those back that turn out not to be needed.
/// </summary>
internal sealed class Allocation(CostModel model, Cost original, IReadOnlyList<Target> targets)
{
    // Of the time that a target leaves; less may stay unused.
    private const double LargestSlack = 0.03;

    // Blocks that channels are tried in place of.
    private const int MostExchanges = 4;

    private readonly int[] _kept = [.. model.Whole];
    private readonly HashSet<Node> _removed = [];
    private readonly List<(Step Step, int Before)> _taken = [];
    private Cost? _cost;

    /// <summary>Kept channels per group.</summary>
    public IReadOnlyList<int> Kept => _kept;

    public IReadOnlyList<ResidualBlock> Blocks => [.. _taken.Select(t => t.Step.Block).OfType<ResidualBlock>()];

    public Cost Cost => _cost ??= model.Evaluate(_kept, _removed);

    public bool IsMet => targets.All(t => t.IsMet(Cost, original));

    /// <summary>Takes steps until every target is met or none is left. The steps of one group must come with falling counts.</summary>
    public void Run(IEnumerable<Step> steps)
    {
        var all = steps.ToArray();
        TakeUntilMet(all);
        if (IsMet)
        {
            GiveBack();
            SpendSlack(all);
        }
    }

    private void TakeUntilMet(IEnumerable<Step> steps)
    {
        foreach (var step in steps)
        {
            var unmet = targets.Where(t => !t.IsMet(Cost, original)).ToArray();
            if (unmet.Length == 0)
            {
                break;
            }

            var before = Cost;
            Take(step);
            // Groups that share an axis save time together, by a whole tile, where each alone saves none.
            if (unmet.All(t => t.Kind != TargetKind.Time && t.Of(Cost) >= t.Of(before)))
            {
                Undo(_taken[^1]);
            }
        }
    }

    /// <summary>
    /// A block is a large step: where one leaves much of the time that a target allows unused, channels go in its place if that leaves
    /// less. On small networks a block is all the slack there is.
    /// </summary>
    private void SpendSlack(Step[] steps)
    {
        foreach (var block in _taken.Where(t => t.Step.Block is not null).OrderByDescending(t => t.Step.Score).Take(MostExchanges)
            .ToArray())
        {
            var (slack, before) = (Slack, _taken.ToArray());
            if (slack <= LargestSlack)
            {
                return;
            }

            Restore([.. before.Where(t => t != block)]);
            TakeUntilMet(steps.Where(s => s.Block is null && s.Kept < _kept[s.Group]));
            if (IsMet)
            {
                GiveBack();
            }

            if (!IsMet || Slack >= slack)
            {
                Restore(before);
            }
        }
    }

    /// <summary>The least share of a time target that is left unused; 0 without one.</summary>
    private double Slack =>
        targets.Where(t => t.Kind == TargetKind.Time).Select(t => 1 - ((double)t.Of(Cost) / t.Limit(original))).DefaultIfEmpty(0).Min();

    public void Take(Step step)
    {
        _cost = null;
        if (step.Block is { } block)
        {
            _taken.Add((step, 0));
            _removed.UnionWith(block.Branch);
            _removed.Add(block.Join);
            return;
        }

        _taken.Add((step, _kept[step.Group]));
        _kept[step.Group] = step.Kept;
    }

    /// <summary>From the dearest step on: undoes those without which the targets still hold.</summary>
    private void GiveBack()
    {
        foreach (var taken in _taken.OrderByDescending(t => t.Step.Score).ThenByDescending(t => _taken.IndexOf(t)).ToArray())
        {
            // Of a group only the last step can be undone.
            if (taken.Step.Block is null && _kept[taken.Step.Group] != taken.Step.Kept)
            {
                continue;
            }

            Undo(taken);
            if (!IsMet)
            {
                Take(taken.Step);
            }
        }
    }

    /// <summary>Makes these the only steps that were taken.</summary>
    private void Restore((Step Step, int Before)[] taken)
    {
        while (_taken.Count > 0)
        {
            Undo(_taken[^1]);
        }

        foreach (var (step, _) in taken)
        {
            Take(step);
        }
    }

    private void Undo((Step Step, int Before) taken)
    {
        _cost = null;
        _taken.Remove(taken);
        if (taken.Step.Block is null)
        {
            _kept[taken.Step.Group] = taken.Before;
            return;
        }

        _removed.Clear();
        foreach (var block in Blocks)
        {
            _removed.UnionWith(block.Branch);
            _removed.Add(block.Join);
        }
    }
}
