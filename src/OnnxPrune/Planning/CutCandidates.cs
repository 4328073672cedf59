using OnnxPrune.Blocks;

namespace OnnxPrune.Planning;

/// <summary>
/// The cuts that a plan is chosen from, each with the damage that it does by itself: scored by a criterion (<see cref="ScoredCuts"/>), or
/// measured on calibration inputs. Damages of one source compare with each other, and with nothing else.
/// </summary>
/// <param name="Groups">Of channels.</param>
/// <param name="Blocks">Of whole blocks.</param>
internal sealed record CutCandidates(IReadOnlyList<GroupDamage> Groups, IReadOnlyList<BlockDamage> Blocks)
{
    /// <summary>
    /// True if a cut counts by its channels, however much each saves, as papers have it that rank the channels of a network.
    /// </summary>
    public bool CountChannels { get; init; }

    /// <summary>The same with the damages of blocks multiplied.</summary>
    public CutCandidates WithBlocksTimes(double factor) => this with { Blocks = [.. Blocks.Select(b => b.Times(factor))] };
}

/// <summary>The damage that cutting a group by itself does to the network's outputs.</summary>
/// <param name="Group">The group's place in the channel graph.</param>
/// <param name="Order">Its channels, in the order in which they leave best.</param>
/// <param name="Options">Kept counts below the whole, falling, each with its damage.</param>
internal sealed record GroupDamage(int Group, IReadOnlyList<int> Order, IReadOnlyList<(int Kept, double Damage)> Options);

/// <summary>The damage of removing a block by itself.</summary>
internal sealed record BlockDamage(ResidualBlock Block, double Damage)
{
    /// <summary>The damage of removing it together with the block behind it; null where that is the sum of both.</summary>
    public (ResidualBlock Next, double Damage)? Together { get; init; }

    /// <summary>The same with all damages multiplied.</summary>
    public BlockDamage Times(double factor) =>
        new(Block, factor * Damage) { Together = Together is { } both ? (both.Next, factor * both.Damage) : null };
}
