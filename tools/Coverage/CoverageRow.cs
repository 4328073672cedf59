using OnnxPrune;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Inputs;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;

namespace Coverage;

/// <summary>A row of the table: what came of one network, or why it was refused.</summary>
/// <param name="Exporter">What wrote the file, as far as it says.</param>
/// <param name="Latency">Of the original and the pruned model; null where nothing was pruned.</param>
internal sealed record CoverageRow(
    string Name, string Exporter, long Opset, NetworkCoverage? Coverage, LatencyReport? Latency, string? Refusal)
{
    private const long Seed = 2;

    public static CoverageRow Of(string name, string? exporter, Func<Model> read)
    {
        Console.Error.WriteLine(name);
        var (producer, opset) = ("", 0L);
        try
        {
            var model = read();
            (producer, opset) = (model.Producer, model.Opset);
            var coverage = NetworkCoverage.Of(model);
            return new CoverageRow(name, exporter ?? producer, opset, coverage, Race(model, coverage), null);
        }
        catch (OnnxPruneException e)
        {
            return new CoverageRow(name, exporter ?? producer, opset, null, null, e.Message);
        }
    }

    /// <summary>Both models in turn, in one run, optimized as far as ONNX Runtime can, on one thread.</summary>
    private static LatencyReport? Race(Model original, NetworkCoverage coverage)
    {
        if (coverage.Pruned is null)
            return null;
        var settings = new SessionSettings { Threads = 1 };
        using var first = OnnxSession.Open(OnnxFile.ToBytes(original), original.Folder, settings, "the original");
        using var second = OnnxSession.Open(OnnxFile.ToBytes(coverage.Pruned), coverage.Pruned.Folder, settings, "the pruned model");
        var inputs = SyntheticInputs.Make(original, ConcreteShapes.Infer(original), Seed);
        var race = new RaceSettings { Budget = TimeSpan.FromSeconds(1) };
        return InterleavedBenchmark.Run([first, second], inputs, race);
    }
}
