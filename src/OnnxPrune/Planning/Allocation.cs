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

        if (IsMet)
        {
            GiveBack();
        }
    }

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
