using OnnxPrune.Graphs;

namespace OnnxPrune.Blocks;

/// <summary>The rest of a residual block when its branch goes.</summary>
internal enum ShortcutKind
{
    /// <summary>The block's input itself.</summary>
    Identity,

    /// <summary>A layer with weights that adapts the shape: He's option B.</summary>
    Projection,

    /// <summary>Slices, pools and paddings without weights: He's option A.</summary>
    Padded,
}

/// <summary>A join of a branch of weights with a shortcut, both of which come from one value.</summary>
/// <param name="Join">The Add or Sum.</param>
/// <param name="BranchInput">The input of the join that the branch ends in.</param>
/// <param name="ShortcutInput">The input that the shortcut ends in.</param>
/// <param name="Branch">The nodes that nobody else needs, in graph order: they go with the block.</param>
/// <param name="Shortcut">The nodes of the shortcut alone.</param>
/// <param name="Obstacle">Why the block cannot be removed; null when it can.</param>
public sealed record ResidualBlock(
    Node Join,
    int BranchInput,
    int ShortcutInput,
    IReadOnlyList<Node> Branch,
    IReadOnlyList<Node> Shortcut,
    string? Obstacle)
{
    /// <summary>The rest of the block when its branch goes.</summary>
    internal ShortcutKind Kind { get; init; }

    /// <summary>The same block in a copy of the graph.</summary>
    internal ResidualBlock CopyTo(CopyMap copyOf) =>
        this with { Join = copyOf[Join], Branch = [.. Branch.Select(n => copyOf[n])], Shortcut = [.. Shortcut.Select(n => copyOf[n])] };

    /// <summary>The block's name in plans and messages.</summary>
    public string Name => Join.Label;
}
