using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Quantization;

public sealed class PostTrainingQuantizerTests
{
    // Eight bits of weights and activations through a handful of layers.
    private const double UsualDrift = 0.08;

    public static TheoryData<string> Kinds { get; } = [.. Networks.Kinds.Cast<object[]>()
        .Select(k => (string)k[0])
        .Where(k => k != "half")];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Integers_stay_close_to_the_floats(string kind)
    {
        var model = ModelCopy.WithShapes(Networks.Make(kind));
        var batches = Batches(model);

        var quantized = Quantize(model, batches);

        Assert.InRange(Drift(model, quantized, batches), 0, UsualDrift);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_quantized_network_is_read_again_and_pruned(string kind)
    {
        var quantized =
            ModelCopy.WithShapes(OnnxFile.FromBytes(OnnxFile.ToBytes(Quantize(ModelCopy.WithShapes(Networks.Make(kind)), null))));
        var outcome = Pruner.Prune(NetworkAnalysis.Of(quantized), new PruneRequest { Targets = [Target.Parse("channels=80%")] });

        // Biases of integers round apart from what is left out, so that the tolerance is that of one step.
        var run = MaskedEqualsPruned.Compare(quantized, outcome.Plan, RandomInputs.For(quantized, new Random(4)));

        Assert.InRange(run.Error, 0, UsualDrift);
        Assert.True(run.Effect > 0);
    }

    [Fact]
    public void Layers_that_no_output_needs_do_no_harm()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 8, 8), 8, 3));
        var spare = g.Conv(x, 8, 3);
        g.Relu(g.Conv(spare, 8, 3));
        g.Close(g.Conv(x, 8, 3));
        var model = ModelCopy.WithShapes(g.Build());

        var quantized = Quantize(model, Batches(model));

        Assert.Contains(
            quantized.Graph.Nodes, n => n is { OpType: "Conv" } && n.Required(0).Name.StartsWith(spare, StringComparison.Ordinal));
        Assert.InRange(Drift(model, quantized, Batches(model)), 0, UsualDrift);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        var model = ModelCopy.WithShapes(Networks.Make("identity"));
        var batches = Batches(model);

        var (one, two) = (
            PostTrainingQuantizer.Run(model, batches, QuantizationScheme.Cpu, new SessionSettings { Threads = 1 }),
            PostTrainingQuantizer.Run(model, batches, QuantizationScheme.Cpu, new SessionSettings { Threads = 2 }));

        Assert.Equal(OnnxFile.ToBytes(one.Model), OnnxFile.ToBytes(two.Model));
    }

    [Fact]
    public void Layers_that_do_the_most_damage_stay_float_until_a_limit_holds()
    {
        var model = ModelCopy.WithShapes(Networks.Make("projection"));
        var batches = Batches(model);
        var quantizer = new PostTrainingQuantizer(model, batches, QuantizationScheme.Cpu, new SessionSettings { Threads = 1 });
        var whole = quantizer.Within(_ => true)!;
        var limit = 0.8 * Drift(model, whole.Model, batches);

        var kept = quantizer.Within(m => Drift(model, m, batches) <= limit);

        Assert.NotNull(kept);
        Assert.InRange(Drift(model, kept.Model, batches), 0, limit);
        Assert.InRange(kept.IntegerLayers, 1, whole.IntegerLayers - 1);
        Assert.Equal(whole.IntegerLayers - kept.IntegerLayers, kept.Islands.Count(i =>
            i.Reason.Contains("than the limit allows", StringComparison.Ordinal)));
        Assert.Null(quantizer.Within(_ => false));
    }

    private static Model Quantize(Model model, IReadOnlyList<IReadOnlyDictionary<string, Tensor>>? batches) =>
        PostTrainingQuantizer.Run(model, batches ?? Batches(model), QuantizationScheme.Cpu, new SessionSettings { Threads = 1 }).Model;

    private static IReadOnlyDictionary<string, Tensor>[] Batches(Model model) =>
        [.. Enumerable.Range(0, 4).Select(seed => RandomInputs.For(model, new Random(seed), batch: 8))];

    private static double Drift(Model model, Model quantized, IReadOnlyList<IReadOnlyDictionary<string, Tensor>> batches)
    {
        using var a = OnnxSession.Open(model, SessionSettings.Plain);
        using var b = OnnxSession.Open(quantized, SessionSettings.Plain);
        return DriftMeter.Measure(a, b, batches).Total;
    }
}
