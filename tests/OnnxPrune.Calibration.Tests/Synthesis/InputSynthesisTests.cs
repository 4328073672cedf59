using OnnxPrune.Calibration.Sessions;
using OnnxPrune.Calibration.Synthesis;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Comparing;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using TorchSharp;

namespace OnnxPrune.Calibration.Tests.Synthesis;

public sealed class InputSynthesisTests
{
    private const int Count = 24;
    private static readonly long[] s_sample = [3, 8, 8];
    private static readonly Dictionary<string, long[]> s_shapes = new() { ["input1"] = [1, 3, 8, 8] };

    [Fact]
    public void Activations_of_what_is_made_have_the_statistics_that_the_network_remembers()
    {
        // given
        var model = Network();

        // when
        var made = Make(model, seed: 1);

        // then
        Assert.Equal([Count, .. s_sample], made.Dims);
        var noise = Tensor.Of([.. Noise((int)made.Count)], [.. made.Dims]);
        var (ofMade, ofNoise) = (Distance(model, made), Distance(model, noise));
        Assert.True(ofMade < 0.3 * ofNoise, $"{ofMade} and {ofNoise}");
    }

    [Fact]
    public void Open_sizes_of_a_network_are_those_of_the_sample()
    {
        var g = new TestGraph(seed: 5);
        g.Classify(g.ConvBnRelu(g.Input(3, -1, -1), 8), 5);

        Assert.Equal([Count, .. s_sample], Make(ModelCopy.WithShapes(g.Build()), 1).Dims);
    }

    [Fact]
    public void The_seed_alone_decides()
    {
        var model = Network();

        var (first, second, other) = (Make(model, 1), Make(model, 1), Make(model, 2));

        Assert.True(first.Data.Span.SequenceEqual(second.Data.Span));
        Assert.False(first.Data.Span.SequenceEqual(other.Data.Span));
    }

    [Fact]
    public void A_network_without_statistics_is_refused()
    {
        var g = new TestGraph();
        g.Classify(g.Relu(g.Conv(g.Input(3, 8, 8), 8, kernel: 3)));

        var failure = Assert.Throws<UsageException>(() => new InputSynthesis(ModelCopy.WithShapes(g.Build()), s_sample));

        Assert.Contains("this network has none: exporters fold it", failure.Message);
    }

    [Fact]
    public async Task A_session_that_applies_a_plan_verifies_on_the_inputs_that_it_made()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("in.onnx"), OnnxFile.ToBytes(Network()));
        var measure = new MeasureOptions { Calib = MeasureOptions.Synthetic, CalibLimit = 8, InputShapes = s_shapes };
        var session = await PruningSession.OpenAsync(folder.File("in.onnx"), measure);

        var result = await session.ApplyAsync(PruningPlan.Empty, RepairEffort.None);
        var comparison = await session.VerifyAsync(result);

        Assert.Contains("8 samples", comparison.DriftInputs, StringComparison.Ordinal);
        Assert.Equal(0, comparison.Drift.Total);
    }

    private static Model Network()
    {
        var g = new TestGraph(seed: 5);
        g.Classify(g.ConvBnRelu(g.ConvBnRelu(g.Input(3, 8, 8), 8), 12, stride: 2), 5);
        return ModelCopy.WithShapes(g.Build());
    }

    private static Tensor Make(Model model, long seed)
    {
        using var synthesis = new InputSynthesis(model, s_sample);
        return synthesis.Make(Count, seed, null, CancellationToken.None);
    }

    private static IEnumerable<float> Noise(int count)
    {
        var random = new Random(1);
        return Enumerable.Range(0, count).Select(_ => (float)RandomWeights.Normal(random));
    }

    /// <summary>The mean squared difference of the channels' means from those that the norms remember, in deviations.</summary>
    private static double Distance(Model model, Tensor inputs)
    {
        using var module = GraphModule.Of(model.Clone(), torch.CPU);
        using var scope = torch.NewDisposeScope();
        using var mode = torch.no_grad();
        var distances = new List<double>();
        module.Forward(TensorBridge.ToTorch(inputs, torch.CPU), training: false, observe: (node, read, _) =>
        {
            if (node.OpType == "BatchNormalization")
            {
                var means = TensorBridge.Floats(read.mean([0, 2, 3]));
                var (mean, variance) = (node.Required(3).Initializer!.ToDoubles(), node.Required(4).Initializer!.ToDoubles());
                distances.Add(means.Select((m, c) => Math.Pow(m - mean[c], 2) / variance[c]).Average());
            }
        });
        return distances.Average();
    }
}
