using OnnxPrune.Calibration.Activations;
using OnnxPrune.Calibration.Reconstruction;
using OnnxPrune.Calibration.Sensitivity;
using OnnxPrune.Channels;
using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Reconstruction;

public sealed class BlockReconstructionTests
{
    private static readonly SessionSettings s_settings = new() { Threads = 1, Deterministic = true };

    public static TheoryData<string> Kinds => Networks.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Regions_get_what_the_pruned_network_feeds_them_and_what_the_original_gives(string kind)
    {
        var model = Networks.Make(kind);
        var inputs = Networks.Inputs(model, 3, 5);
        var network = NetworkAnalysis.Of(model);
        var request =
            new PruneRequest { Targets = [Target.Parse("macs=70%")], Rounding = new Rounding(4), CutsChannels = true, CutsBlocks = true };
        var candidates = CutSensitivity.Measure(network, request, inputs, inputs, s_settings, 0);
        var calls = new List<RegionTask>();

        var plan = Planner.Plan(network, candidates, request.Targets);
        CalibratedPruning.Apply(NetworkAnalysis.Of(model), plan, true, inputs, s_settings, 0, new Fitter(Note));

        // A plan may leave nothing in which two layers are left.
        Assert.True(calls.Count > 0 || kind is "channels last" or "matmul" or "fixed batch" or "transposed conv", "no region was fitted");
        Assert.All(calls, call =>
        {
            var all = call.Samples.ToArray();
            Assert.True(all.Length > 1);
            var original = Run(model, inputs[0], model.Graph.Find(call.Region.Output.Name)!);
            var target = all[0].Target;
            Assert.True(IsNear(Run(call.Model, inputs[0], call.Region.Input), all[0].Input));
            Assert.Equal(Run(call.Model, inputs[0], call.Region.Output).Dims, target.Dims);

            // Every channel of the target is one of the original's.
            var axis = call.Region.Layers[^1].OpType == "MatMul" ? target.Rank - 1 : 1;
            var channels = Enumerable.Range(0, (int)original.Dims[axis]).Select(c => original.Take(axis, [c])).ToArray();
            Assert.All(Enumerable.Range(0, (int)target.Dims[axis]), c => Assert.Contains(channels, o => IsNear(o, target.Take(axis, [c]))));
        });

        bool Note(RegionTask task)
        {
            calls.Add(task with { Samples = [.. task.Samples] });
            return false;
        }
    }

    [Fact]
    public void What_a_fitter_changes_counts_only_if_the_outputs_come_closer()
    {
        var model = Networks.Make("identity");
        var inputs = Networks.Inputs(model, 3, 5);
        var network = NetworkAnalysis.Of(model);
        var request =
            new PruneRequest { Targets = [Target.Parse("macs=70%")], Rounding = new Rounding(4), CutsChannels = true, CutsBlocks = false };
        var candidates = CutSensitivity.Measure(network, request, inputs, inputs, s_settings, 0);
        var plan = Planner.Plan(network, candidates, request.Targets);

        var without = CalibratedPruning.Apply(NetworkAnalysis.Of(model), plan, true, inputs, s_settings, 0);
        var spoiled = CalibratedPruning.Apply(NetworkAnalysis.Of(model), plan, true, inputs, s_settings, 0, new Fitter(Spoil));

        Assert.Equal(0, spoiled.Regions);
        Assert.Equal(OnnxFile.ToBytes(without.Model), OnnxFile.ToBytes(spoiled.Model));

        static bool Spoil(RegionTask task)
        {
            var weight = task.Region.Layers[^1].Inputs[1]!;
            Graph.SetInitializer(weight, weight.Initializer!.WithValues(new double[weight.Initializer.Count]));
            return true;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Regions_get_the_same_whether_what_they_end_in_was_held_or_not(bool isHeld)
    {
        var model = Networks.Make("identity");
        var inputs = Networks.Inputs(model, 3, 5);
        using var ahead = new LayerwiseExecutor(model, inputs, s_settings);
        using var passed = new LayerwiseExecutor(model, inputs, s_settings);
        var ends = Joint().Ends(new Fitter(_ => false));
        passed.MoveBehind(passed.PlaceOf(model.Graph.Outputs[0]) - 1, isHeld ? ends : []);

        var (expected, actual) = (Targets(ahead), Targets(passed));

        Assert.NotEmpty(ends);
        Assert.All(ends, e => Assert.Equal(isHeld, passed.Reaches(e)));
        Assert.NotEmpty(expected);
        Assert.All(expected.Zip(actual, (e, a) => (e, a)), p => Assert.True(IsNear(p.e, p.a)));

        BlockReconstruction Joint() => new(ChannelFlow.Through(model), new HashSet<int>(), model.Clone(), inputs, s_settings);

        Tensor[] Targets(LayerwiseExecutor original)
        {
            var targets = new List<Tensor>();
            Joint().Run(new Fitter(Note), original, 0, null, CancellationToken.None);
            return [.. targets];

            bool Note(RegionTask task)
            {
                targets.AddRange(task.Samples.Select(s => s.Target));
                return false;
            }
        }
    }

    // A network that is run piece by piece is fused otherwise than as a whole.
    private static bool IsNear(Tensor a, Tensor b) =>
        MaskedEqualsPruned.RelativeError(a, b) < (a.ElementType == ElementType.Float16 ? 2e-2 : 1e-4);

    private static Tensor Run(Model model, IReadOnlyDictionary<string, Tensor> inputs, Value value)
    {
        var part = SubmodelBuilder.Extract(model, [.. model.Graph.FedInputs], [value]);
        using var session = OnnxSession.Open(part.ToBytes(), null, s_settings);
        return session.Run(inputs)[value.Name];
    }

    private sealed class Fitter(Func<RegionTask, bool> fit) : IRegionFitter
    {
        public int MostEpochs => 4;

        public bool Knows(Node node) => true;

        public bool Fit(RegionTask task, CancellationToken cancellation) => fit(task);
    }
}
