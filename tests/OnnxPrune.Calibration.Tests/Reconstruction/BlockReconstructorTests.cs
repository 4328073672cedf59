using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Constants;
using OnnxPrune.Graphs;
using OnnxPrune.Repair;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Reconstruction;

public sealed class BlockReconstructorTests
{
    private const int Epochs = 20;

    [Fact]
    public void Comes_closer_to_targets_on_samples_that_it_never_saw()
    {
        var (model, region, shapes) = Given();
        var (seen, unseen) = (Samples(model, 1, 12), Samples(model, 3, 2));
        var before = Error(model, unseen);

        var changed = Fit(1, new RegionTask(model, shapes, region, seen, Epochs, 0));

        Assert.True(changed);
        Assert.InRange(Error(model, unseen) / before, 0, 0.9);
    }

    [Fact]
    public void Leaves_what_gets_no_better_as_it_is()
    {
        var (model, region, shapes) = Given();
        var before = OnnxFile.ToBytes(model);

        // What the region gives already cannot be given better.
        var samples = Samples(model, 1, 4, exact: true);
        var changed = Fit(1, new RegionTask(model, shapes, region, samples, 1, 0));

        Assert.False(changed);
        Assert.Equal(before, OnnxFile.ToBytes(model));
    }

    [Fact]
    public void Gives_the_same_bytes_on_one_thread_and_on_several()
    {
        var bytes = new[] { 1, 2, 2 }.Select(threads =>
        {
            var (model, region, shapes) = Given();
            Fit(threads, new RegionTask(model, shapes, region, Samples(model, 1, 12), 3, 0));
            return OnnxFile.ToBytes(model);
        }).ToArray();

        Assert.Equal(bytes[0], bytes[1]);
        Assert.Equal(bytes[0], bytes[2]);
    }

    [Fact]
    public void Weights_that_others_read_too_stay()
    {
        var g = new TestGraph();
        var shared = g.Weight(0.3, [4, 4, 3, 3]);
        var x = g.Relu(g.Conv(g.Input(4, 6, 6), 4, 3, weight: shared, bias: false));
        g.Classify(g.Add(x, g.Conv(g.Relu(g.Conv(x, 4, 3, weight: shared, bias: false)), 4, 3)));
        var (model, region, shapes) = Given(g);
        var kept = model.Graph.Find(shared)!.Initializer!;

        Assert.True(Fit(1, new RegionTask(model, shapes, region, Samples(model, 1, 12, region), Epochs, 0)));

        Assert.Equal(kept.Data.ToArray(), model.Graph.Find(shared)!.Initializer!.Data.ToArray());
    }

    [Theory]
    [InlineData("no rule")]
    [InlineData("a bound that is computed")]
    public void What_cannot_be_trained_through_is_left_out(string why)
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(4, 6, 6), 4, 3));
        var inner = g.Conv(x, 4, 3);
        g.Classify(
            g.Add(x, g.Conv(why == "no rule" ? g.Op("Sin", inner) : new Wire(
                g.Op("Clip", [inner, g.Op("ReduceMax", [inner], ("keepdims", 0L))]), 4), 4, 3)));
        var (model, region, shapes) = Given(g);

        Assert.False(Fit(1, new RegionTask(model, shapes, region, Samples(model, 1, 6, region), 1, 0)));
    }

    private static bool Fit(int threads, RegionTask task) => new BlockReconstructor(threads).Fit(task, default);

    private static (Model Model, Region Region, IReadOnlyDictionary<Value, Shape> Shapes) Given(TestGraph? graph = null)
    {
        if (graph is null)
        {
            graph = new TestGraph();
            var x = graph.Relu(graph.Conv(graph.Input(4, 6, 6), 4, 3));
            graph.Classify(graph.Add(x, graph.BatchNorm(graph.Conv(graph.ConvBnRelu(x, 6), 4, 3))));
        }

        var model = ModelCopy.WithShapes(graph.Build());
        return (model, RegionFinder.Find(model, new ConstantValues())[0], Runtime.Shapes.ConcreteShapes.Infer(model, batch: 2).Values);
    }

    /// <summary>Inputs of the region, and what it would give with other weights.</summary>
    private static List<RegionSamples> Samples(Model model, int seed, int batches, Region? region = null, bool exact = false)
    {
        region ??= RegionFinder.Find(model, new ConstantValues())[0];
        var teacher = model.Clone();
        foreach (var weight in exact ? [] : region.Layers.Select(l => teacher.Graph.Find(l.Inputs[1]!.Name)!))
        {
            Graph.SetInitializer(
                weight, weight.Initializer!.WithValues([.. weight.Initializer.ToDoubles().Select((v, i) => v * (i % 2 == 0 ? 0.5 : 1.2))]));
        }

        var random = new Random(seed);
        return [.. Enumerable.Range(0, batches).Select(_ => RandomInputs.For(model, random, batch: 8)).Select(inputs =>
            new RegionSamples(Compute(model, region.Input.Name, inputs), Compute(exact ? model : teacher, region.Output.Name, inputs)))];
    }

    private static double Error(Model model, IReadOnlyList<RegionSamples> samples)
    {
        var region = RegionFinder.Find(model, new ConstantValues())[0];
        var error = 0.0;
        foreach (var (input, target) in samples)
        {
            using var session =
                OnnxSession.Open(SubmodelBuilder.Extract(model, [region.Input], [region.Output]).ToBytes(), null, SessionSettings.Plain);
            var made = session.Run(new Dictionary<string, Tensor> { [region.Input.Name] = input })[region.Output.Name].ToDoubles();
            error += made.Zip(target.ToDoubles()).Sum(p => (p.First - p.Second) * (p.First - p.Second));
        }

        return error;
    }

    private static Tensor Compute(Model model, string name, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(
            SubmodelBuilder.Extract(model, [.. model.Graph.FedInputs], [model.Graph.Find(name)!]).ToBytes(), null, SessionSettings.Plain);
        return session.Run(inputs)[name];
    }
}
