using ModelMaker;
using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Calibration.Sensitivity;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Reconstruction;

/// <summary>Planning, repair layer by layer and the fit of whole regions, on every kind of network that the project makes.</summary>
public sealed class MadeNetworksTests
{
    private const int Batches = 4;
    private const int Seed = 1;

    private static readonly SessionSettings s_settings = new() { Threads = 1, Deterministic = true };

    // Of those that differ in depth or opset only, one is enough; the large one of VGG's is a test of its own.
    private static readonly string[] s_left = ["vgg11_cifar_opset7", "vgg11_cifar", "bottleneck56_v1"];

    public static TheoryData<string> Names =>
        [.. Catalog.All.Select(n => n.Name)
            .Except(s_left)
            .Where(n => !n.StartsWith("resnet", StringComparison.Ordinal) || n.StartsWith("resnet20_", StringComparison.Ordinal))];

    [Fact]
    [Trait(Suite.Name, Suite.Long)]
    public void Large_network_is_cut_and_repaired_from_a_few_samples() => Network_is_cut_and_repaired_from_a_few_samples("vgg11_cifar");

    [Theory]
    [MemberData(nameof(Names))]
    public void Network_is_cut_and_repaired_from_a_few_samples(string name)
    {
        // given
        var made = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions());
        var model =
            ModelCopy.WithShapes(OnnxFile.WithoutFunctions(OnnxFile.FromBytes(Google.Protobuf.MessageExtensions.ToByteArray(made.Model))));
        var random = new Random(Seed);
        IReadOnlyDictionary<string, Tensor>[] inputs = [.. Enumerable.Range(0, Batches).Select(_ => RandomInputs.For(model, random))];
        var target = Target.Parse("macs=70%");
        var network = NetworkAnalysis.Of(model);
        var request = new PruneRequest { Targets = [target], Rounding = new Rounding(4), CutsChannels = true, CutsBlocks = true };

        // when
        var candidates = CutSensitivity.Measure(network, request, inputs, inputs, s_settings, Seed);
        var plan = Planner.Plan(network, candidates, [target]);
        var result = CalibratedPruning.Apply(network, plan, true, inputs, s_settings, Seed, new BlockReconstructor(1));

        // then
        Assert.True(target.IsMet(NetworkAnalysis.Of(result.Model).Cost, network.Cost));
        var (before, after) = (Run(model, inputs[0]), Run(result.Model, inputs[0]));
        Assert.Equal(
            before.Select(o => (o.Key, string.Join('x', o.Value.Dims))), after.Select(o => (o.Key, string.Join('x', o.Value.Dims))));
        Assert.All(after.Values.SelectMany(o => o.ToDoubles()), v => Assert.True(double.IsFinite(v)));
    }

    private static IReadOnlyDictionary<string, Tensor> Run(Model model, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var session = OnnxSession.Open(OnnxFile.ToBytes(model), model.Folder, s_settings);
        return session.Run(inputs);
    }
}
