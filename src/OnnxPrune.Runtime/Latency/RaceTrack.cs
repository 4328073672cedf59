using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Latency;

/// <summary>An original, ready to race: networks that were made from it are measured against it one by one, on the same inputs.</summary>
/// <param name="original">Disposed with the track.</param>
/// <param name="inputs">What both racers are fed.</param>
public sealed class RaceTrack(OnnxSession original, IReadOnlyDictionary<string, Tensor> inputs) : IDisposable
{
    private static readonly RaceSettings s_short = new() { Budget = TimeSpan.FromSeconds(1), FewestRounds = 10 };

    /// <summary>What networks are run with here.</summary>
    public SessionSettings Settings => original.Settings;

    /// <summary>A race that is long enough to search by.</summary>
    public LatencyReport Sprint(Model pruned) => Race(pruned, s_short);

    /// <summary>
    /// How much of its time a network uses, by short races. One that seems to use too much is raced again and judged by the better race: what else the machine does makes
    /// a network slower and not faster, and a search that believes it would end at a far smaller one.
    /// </summary>
    /// <param name="used">What a race says of it, at most 1 where it keeps its targets.</param>
    public double Sprint(Model pruned, Func<RacerLatency, double> used)
    {
        var first = used(Sprint(pruned).Racers[^1]);
        return first <= TimeBounds.Aim ? first : Math.Min(first, used(Sprint(pruned).Racers[^1]));
    }

    /// <summary>A race that is long enough to report.</summary>
    public LatencyReport Race(Model pruned, IProgress<double>? progress = null) => Race(pruned, new RaceSettings(), progress);

    public void Dispose() => original.Dispose();

    private LatencyReport Race(Model pruned, RaceSettings settings, IProgress<double>? progress = null)
    {
        using var session = OnnxSession.Open(pruned, original.Settings, "the pruned model");
        return LatencyRace.Run([original, session], inputs, settings, progress);
    }
}
