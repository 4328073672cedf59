using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Latency;

/// <summary>An original, ready to race: networks that were made from it are measured against it one by one, on the same inputs.</summary>
/// <param name="original">Disposed with the track.</param>
/// <param name="inputs">What both racers are fed.</param>
internal sealed class PairedBenchmark(OnnxSession original, IReadOnlyDictionary<string, Tensor> inputs) : IDisposable
{
    /// <summary>A race that is long enough to search by.</summary>
    public static RaceSettings Short { get; } = new() { Budget = TimeSpan.FromSeconds(1), FewestRounds = 10 };

    /// <summary>A race that is long enough to report, or as long as ONNXPRUNE_RACE_TIME (seconds) says.</summary>
    public static RaceSettings Long { get; } = RaceSettings.Reported(Environment.GetEnvironmentVariable("ONNXPRUNE_RACE_TIME"));

    /// <summary>A race that is long enough to tell where the time goes.</summary>
    public static RaceSettings Brief { get; } = Long with { Budget = Long.Budget / 5, FewestRounds = 3, MostRounds = 200 };

    /// <summary>The inputs that networks are run with here.</summary>
    public SessionSettings Settings => original.Settings;

    /// <summary>Races a network in a session of its own.</summary>
    public LatencyReport Race(Model pruned, RaceSettings settings)
    {
        using var session = OnnxSession.Open(pruned, original.Settings, "the pruned model");
        return InterleavedBenchmark.Run([original, session], inputs, settings);
    }

    public void Dispose() => original.Dispose();
}
