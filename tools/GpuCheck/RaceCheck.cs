using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace GpuCheck;

/// <summary>A paired race of a network and its half, with inputs and outputs bound to the device.</summary>
internal static class RaceCheck
{
    private static readonly RaceSettings s_race = new() { Budget = TimeSpan.FromSeconds(8), FewestWarmUps = 10 };

    public static IReadOnlyDictionary<string, double> Run(CheckContext context, CheckModels models, string network, int batch)
    {
        var settings = new SessionSettings { Provider = context.Provider };
        var (original, pruned) = models.Get(network);
        using var first = OnnxSession.Open(original, settings, "original");
        using var second = OnnxSession.Open(pruned, settings, "pruned");
        var report = InterleavedBenchmark.Run([first, second], RandomInputs.For(original, new Random(1), batch, size: 224), s_race);
        return new Dictionary<string, double>
        {
            ["original_p50_ms"] = report.Racers[0].P50Milliseconds,
            ["original_p90_ms"] = report.Racers[0].P90Milliseconds,
            ["pruned_p50_ms"] = report.Racers[1].P50Milliseconds,
            ["pruned_p90_ms"] = report.Racers[1].P90Milliseconds,
            ["speedup"] = report.Speedup,
            ["rounds"] = report.Rounds,
        };
    }
}
