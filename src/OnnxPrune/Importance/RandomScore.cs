using OnnxPrune.Channels;

namespace OnnxPrune.Importance;

/// <summary>The control that every criterion has to beat: scores drawn from [0, 1), the same for the same seed and group.</summary>
internal sealed class RandomScore(int seed) : Criterion
{
    public override string Name => "random";

    public override double[]? Score(ChannelGraph graph, ChannelGroup group)
    {
        var random = new SeededRandom(HashCode(seed, group.Name));
        return [.. group.Channels.Select(_ => random.NextUniform())];
    }

    // string.GetHashCode differs from run to run.
    private static long HashCode(int seed, string name) => name.Aggregate((long)seed, (hash, c) => unchecked((hash * 31) + c));
}
