using OnnxPrune.Channels;

namespace OnnxPrune.Importance;

/// <summary>The control that every criterion has to beat: scores drawn from [0, 1), the same for the same seed and group.</summary>
public sealed class RandomScore(int seed) : Criterion
{
    public override string Name => "random";

    public override double[]? Score(ChannelGraph graph, ChannelGroup group)
    {
        // The seeded generator of .NET is documented to stay the same across versions.
        var random = new Random(HashCode(seed, group.Name));
        return [.. group.Channels.Select(_ => random.NextDouble())];
    }

    // string.GetHashCode differs from run to run.
    private static int HashCode(int seed, string name) => name.Aggregate(seed, (hash, c) => unchecked((hash * 31) + c));
}
