using OnnxPrune.Blocks;

namespace OnnxPrune.Planning;

/// <summary>The damage that cutting a group by itself does to the network's outputs, measured after repair.</summary>
/// <param name="Group">The group's place in the channel graph.</param>
/// <param name="Order">Its channels, in the order in which they leave best.</param>
/// <param name="Options">Kept counts below the whole, falling, each with its damage.</param>
internal sealed record GroupDamage(int Group, IReadOnlyList<int> Order, IReadOnlyList<(int Kept, double Damage)> Options);

/// <summary>The damage of removing a block by itself, measured after repair.</summary>
internal sealed record BlockDamage(ResidualBlock Block, double Damage)
{
    /// <summary>The damage of removing it together with the block behind it; null where that is the sum of both.</summary>
    public (ResidualBlock Next, double Damage)? Together { get; init; }

    /// <summary>The same with all damages multiplied.</summary>
    public BlockDamage Times(double factor) =>
        new(Block, factor * Damage) { Together = Together is { } both ? (both.Next, factor * both.Damage) : null };
}
