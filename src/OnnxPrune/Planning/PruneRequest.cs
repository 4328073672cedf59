using System.Text.RegularExpressions;
using OnnxPrune.Blocks;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Importance;
using OnnxPrune.Operators;

namespace OnnxPrune.Planning;

/// <summary>The request to a pruning run.</summary>
internal sealed record PruneRequest
{
    /// <summary>Upper limits that all hold in the end; empty to remove only what is provably dead.</summary>
    public IReadOnlyList<Target> Targets { get; init; } = [];

    /// <summary>
    /// The criterion that ranks channels; null for <see cref="ScaledNorm"/>, which also ranks what the criterion cannot judge.
    /// </summary>
    public Criterion? Criterion { get; init; }

    public Rounding Rounding { get; init; } = Rounding.Automatic(8);

    public bool CutsChannels { get; init; } = true;

    public bool CutsBlocks { get; init; }

    /// <summary>The learned importance of each block, by the name of its join. Null for the strength of their last layers.</summary>
    public IReadOnlyDictionary<string, double>? BlockScores { get; init; }

    /// <summary>
    /// True if scores of different groups are compared as they are, as BPCP and Network Slimming do; otherwise each counts relative to its
    /// group's mean.
    /// </summary>
    public bool RanksGlobally { get; init; }

    /// <summary>Only channels that matching layers make, and blocks of them, may go; null for all.</summary>
    public Regex? Only { get; init; }

    /// <summary>Layers whose node or weights match stay as they are.</summary>
    public Regex? Exclude { get; init; }

    /// <summary>True if the mean contribution of removed channels moves into their readers' biases.</summary>
    public bool AbsorbMeans { get; init; } = true;

    /// <summary>
    /// True if the group may be cut: every layer that makes it is asked for, and neither those nor a constant that shrinks with it is
    /// excluded.
    /// </summary>
    public bool Allows(ChannelGroup group) =>
        (Only is null || group.Producers.All(p => Names(p).Any(Only.IsMatch)))
        && (Exclude is null || !group.Producers.SelectMany(Names).Concat(group.Axes.Select(a => a.Axis.Value.Name)).Any(Exclude.IsMatch));

    /// <summary>
    /// True if the block may be removed: it is asked for by name, or every layer of its branch is, and nothing of it is excluded.
    /// </summary>
    public bool Allows(ResidualBlock block) =>
        (Only is null || Only.IsMatch(block.Name) || block.Branch.Where(WeightLayout.IsLayer).All(n => Names(n).Any(Only.IsMatch)))
        && (Exclude is null || !block.Branch.SelectMany(Names).Prepend(block.Name).Any(Exclude.IsMatch));

    /// <summary>True if a pattern says anything about a model: it matches a node, an initializer or a block.</summary>
    public static bool Matches(Regex pattern, Model model, IReadOnlyList<ResidualBlock> blocks) =>
        model.Graph.Nodes.SelectMany(Names)
            .Concat(model.Graph.Initializers.Select(i => i.Name))
            .Concat(blocks.Select(b => b.Name))
            .Any(pattern.IsMatch);

    private static IEnumerable<string> Names(Node node) =>
        node.Inputs.OfType<Value>().Where(v => v.IsInitializer).Select(v => v.Name).Prepend(node.Label);
}
