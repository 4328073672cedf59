using System.Text.RegularExpressions;
using OnnxPrune.Importance;

namespace OnnxPrune.Planning;

/// <summary>What is wanted of a pruning run.</summary>
public sealed record PruneRequest
{
    /// <summary>Upper limits that all hold in the end; empty to remove only what is provably dead.</summary>
    public IReadOnlyList<Target> Targets { get; init; } = [];

    /// <summary>How channels are ranked; null for BatchNormalization's scale where there is one, and the filters' Euclidean norm elsewhere.</summary>
    public Criterion? Criterion { get; init; }

    public Rounding Rounding { get; init; } = new(8, IsAuto: true);

    public bool CutsChannels { get; init; } = true;

    public bool CutsBlocks { get; init; }

    /// <summary>Only layers whose node or weights match are touched; null for all.</summary>
    public Regex? Only { get; init; }

    /// <summary>Layers whose node or weights match stay as they are.</summary>
    public Regex? Exclude { get; init; }

    /// <summary>Whether the mean contribution of removed channels moves into their readers' biases.</summary>
    public bool AbsorbMeans { get; init; } = true;

    internal bool Allows(IEnumerable<string> names)
    {
        var all = names as IReadOnlyCollection<string> ?? [.. names];
        return (Only is null || all.Any(Only.IsMatch)) && (Exclude is null || !all.Any(Exclude.IsMatch));
    }
}
