using OnnxPrune.Graphs;
using OnnxPrune.Planning;
using OnnxPrune.Runtime.Latency;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;
using OnnxPrune.Torch.Tests.Modules;
using OnnxPrune.Training.Data;
using OnnxPrune.Training.LowBits;
using OnnxPrune.Training.Methods;
using OnnxPrune.Training.Runs;
using OnnxPrune.Training.Steps;
using TorchSharp;

namespace OnnxPrune.Training.Tests.Runs;

public sealed class TrainingRunTests
{
    private const double Tolerance = 1e-4;

    private static readonly TrainingOptions s_quick = new()
    {
        GateEpochs = 2,
        RecoverEpochs = 1,
        SparseEpochs = 2,
        Epochs = 2,
        BatchSize = 32,
        LearningRate = new LearningRate(0.05, Decay.Cosine, 0.1),
        Gates = GateOptions.Paper with { LearningRate = 1 },
        Objective = new Objective(0.1, 0.5, 2),
        Augmentation = new Augmentation(1, true),
        Rounding = new Rounding(4),
        Seed = 5,
    };

    [Theory]
    [InlineData(nameof(TrainingMethod.Bpcp), 0.4)]
    [InlineData(nameof(TrainingMethod.Blocks), 0.6)]
    [InlineData(nameof(TrainingMethod.Channels), 0.5)]
    [InlineData(nameof(TrainingMethod.Sfp), 0.5)]
    [InlineData(nameof(TrainingMethod.Slimming), 0.5)]
    public void A_target_is_kept_and_the_masked_model_is_the_pruned_one(string name, double share)
    {
        // given
        var method = Enum.Parse<TrainingMethod>(name);
        var options = s_quick with { Method = method, Targets = new TargetList { Costs = [new Target(TargetKind.Macs, share, null)] } };

        // when
        var outcome = Run(options, new Recorder())!;

        // then
        Assert.True(outcome.After.Macs <= share * outcome.Before.Macs, $"{outcome.After.Macs} of {outcome.Before.Macs} MACs");
        Assert.All(outcome.Plan.Channels, cut => Assert.Equal(0, (cut.Of - cut.Cut.Count) % 4));
        Assert.Equal(method is TrainingMethod.Bpcp or TrainingMethod.Blocks, outcome.Plan.Blocks.Count > 0);
        Assert.Equal(method != TrainingMethod.Blocks, outcome.Plan.Channels.Count > 0);

        var input = Input();
        var pruned = ModuleRun.Runtime(outcome.Pruned, input);
        Assert.InRange(ModuleRun.Difference(pruned, ModuleRun.Runtime(outcome.Masked, input)), 0, Tolerance);
        Assert.InRange(ModuleRun.Difference(pruned, ModuleRun.Runtime(Apply(outcome.Masked), input)), 0, Tolerance);
    }

    [Fact]
    public void Without_a_target_the_papers_rules_decide()
    {
        // given
        var recorder = new Recorder();

        // when
        var outcome = Run(s_quick with { ChannelShare = 0.3 }, recorder)!;

        // then
        var gates = recorder.Epochs.Last(e => e.Phase.Kind == PhaseKind.Gates).Gates;
        Assert.Equal(gates.Count(p => p < 0.5), outcome.Plan.Blocks.Count);
        Assert.NotEmpty(outcome.Plan.Channels);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(0.95, null)]
    [InlineData(0, "w=2,a=3")]
    public void A_run_that_was_stopped_goes_on_to_the_same_numbers(double averageDecay, string? bits)
    {
        // given
        using var folder = new TemporaryFolder();
        var options = s_quick with
        {
            Method = TrainingMethod.Bpcp,
            Targets = TargetList.Parse("macs=50%"),
            AverageDecay = averageDecay,
            Bits = bits is null ? null : BitWidths.Parse(bits),
        };
        var whole = Run(options, new Recorder())!;

        // when
        foreach (var steps in new[] { 5, 9, 14, 9 })
        {
            Assert.Null(Run(options, new Recorder(stopAfter: steps), folder.File("run.checkpoint")));
        }

        var resumed = Run(options, new Recorder(), folder.File("run.checkpoint"))!;
        var afterTheEnd = Run(options, new Recorder(), folder.File("run.checkpoint"))!;

        // then
        Assert.Equal(OnnxFile.ToBytes(whole.Masked), OnnxFile.ToBytes(resumed.Masked));
        Assert.All([resumed, afterTheEnd], outcome =>
        {
            Assert.Equal(OnnxFile.ToBytes(whole.Pruned), OnnxFile.ToBytes(outcome.Pruned));
            Assert.Equal(whole.Activations, outcome.Activations);
        });
        Assert.Equal(bits is not null, whole.Activations.Count > 0);
    }

    [Fact]
    public void Weights_of_two_bits_learn_the_task()
    {
        // given
        var recorder = new Recorder();
        var options = s_quick with { Method = TrainingMethod.Finetune, Objective = new Objective(0, 0, 1), Epochs = 8 };
        var network = Run(options, new Recorder())!.Pruned;

        // when
        var outcome = Run(options with { Epochs = 4, Bits = new BitWidths(2, 8) }, recorder, network: network)!;

        // then
        Assert.True(recorder.Epochs[^1].Validation > 0.9, $"{recorder.Epochs[^1].Validation} right");
        Assert.Equal(recorder.Epochs[^1].Validation!.Value, Validation().Measure(outcome.Pruned));
        Tensor[] weights = [.. outcome.Pruned.Graph.Nodes.Where(n => n.OpType == "Conv").Skip(1).Select(n => n.Required(1).Initializer!)];
        Assert.All(weights.SelectMany(w => Enumerable.Range(0, (int)w.Dims[0]).Select(m => w.Take(0, [m]))), channel =>
            Assert.InRange(channel.ToFloats().Distinct().Count(), 1, channel.Count == 16 ? 16 : 4));
    }

    [Fact]
    public void A_checkpoint_of_another_request_is_refused()
    {
        // given
        using var folder = new TemporaryFolder();
        Run(s_quick, new Recorder(stopAfter: 2), folder.File("run.checkpoint"));

        // when
        var others = new Dictionary<string, string> { ["--lr"] = "0.1", ["--batch"] = "32", ["--seed"] = "7" };
        var failure = Assert.Throws<UsageException>(() => Run(s_quick, new Recorder(), folder.File("run.checkpoint"), others));
        var restarted = Run(s_quick, new Recorder(), folder.File("run.checkpoint"), others, restarts: true);

        // then
        Assert.Contains(
            "it had other options: --lr 0.05, and now 0.1; --epochs 2, and now not given; --seed was not given, and now 7. Give the same "
                + "ones",
            failure.Message);
        Assert.Contains("--restart", failure.Message);
        Assert.NotNull(restarted);
    }

    [Fact]
    public void A_file_that_is_no_checkpoint_can_be_overwritten()
    {
        // given
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("run.checkpoint"), "something else");

        // when
        var failure = Assert.Throws<UsageException>(() => Run(s_quick, new Recorder(), folder.File("run.checkpoint")));
        var restarted = Run(s_quick, new Recorder(), folder.File("run.checkpoint"), restarts: true);

        // then
        Assert.Contains("--restart", failure.Message);
        Assert.NotNull(restarted);
    }

    [Fact]
    public void Finetuning_that_does_harm_gives_the_start_back()
    {
        // given
        var options = s_quick with { Method = TrainingMethod.Finetune, Epochs = 6, Objective = new Objective(0, 0, 1) };
        var network = Run(options, new Recorder())!.Pruned;

        // when
        var harmed = Run(
            options with { Epochs = 1, LearningRate = new LearningRate(3, Decay.Steps, 0) },
            new Recorder(),
            network: network,
            heldOut: new Stripes(96, 2))!;
        var helped = Run(options with { Epochs = 3 }, new Recorder(), heldOut: new Stripes(96, 2))!;

        // then
        Assert.True(harmed.HeldOut!.KeepsStart, $"{harmed.HeldOut}");
        Assert.Equal(0, ModuleRun.Difference(ModuleRun.Runtime(network, Input()), ModuleRun.Runtime(harmed.Pruned, Input())));
        Assert.False(helped.HeldOut!.KeepsStart, $"{helped.HeldOut}");
        Assert.Equal(96, helped.HeldOut.Samples);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Statistics_stay_where_the_network_does_better_with_them(bool isRepaired)
    {
        // given
        var options = s_quick with { Method = TrainingMethod.Finetune, Epochs = 4, Objective = new Objective(0, 0, 1) };
        var network = Run(options, new Recorder())!.Pruned;
        Distort(network, isRepaired);
        var before = Statistics(network);

        // when
        var outcome = Run(options with { Epochs = 1, Statistics = NormStatistics.Auto }, new Recorder(), network: network)!;

        // then
        Assert.Equal(isRepaired, before.SequenceEqual(Statistics(outcome.Pruned)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Finetuning_learns_the_task_and_the_report_is_what_the_exported_model_does(bool scratch)
    {
        // given
        var recorder = new Recorder();
        var options =
            s_quick with { Method = TrainingMethod.Finetune, Epochs = 12, Scratch = scratch, Objective = new Objective(0.1, 0, 1) };

        // when
        var outcome = Run(options, recorder)!;

        // then
        var reported = recorder.Epochs[^1].Validation!.Value;
        Assert.True(reported > 0.9, $"{reported} right");
        Assert.Equal(reported, Validation().Measure(outcome.Pruned));
        Assert.True(recorder.Epochs[^1].Loss < recorder.Epochs[0].Loss);
        Assert.True(outcome.Plan.IsEmpty);
    }

    [Fact]
    public void The_same_seed_gives_the_same_model_and_another_one_does_not()
    {
        var options = s_quick with { Method = TrainingMethod.Finetune, Epochs = 1 };
        byte[] Bytes(long seed) => OnnxFile.ToBytes(Run(options with { Seed = seed }, new Recorder())!.Pruned);

        Assert.Equal(Bytes(1), Bytes(1));
        Assert.NotEqual(Bytes(1), Bytes(2));
    }

    /// <summary>Statistics that are not those of what the norms read; after a repair, scales and shifts make up for it.</summary>
    private static void Distort(Model model, bool isRepaired)
    {
        foreach (var norm in model.Graph.Nodes.Where(n => n.OpType == "BatchNormalization"))
        {
            double[] Numbers(int input) => norm.Required(input).Initializer!.ToDoubles();
            var (scale, shift, mean, variance) = (Numbers(1), Numbers(2), Numbers(3), Numbers(4));
            for (var c = 0; c < scale.Length; c++)
            {
                // The factor from input to output and the shift of the output stay.
                var (factor, offset) = (scale[c] / Math.Sqrt(variance[c]), shift[c] - (mean[c] * scale[c] / Math.Sqrt(variance[c])));
                (mean[c], variance[c]) = (mean[c] + (3 * Math.Sqrt(variance[c]) * (c % 3)), variance[c] * (c % 2 == 0 ? 30 : 0.1));
                if (isRepaired)
                {
                    (scale[c], shift[c]) = (factor * Math.Sqrt(variance[c]), offset + (mean[c] * factor));
                }
            }

            foreach (var (input, values) in new[] { scale, shift, mean, variance }.Select((v, i) => (i + 1, v)))
            {
                Graph.SetInitializer(norm.Required(input), norm.Required(input).Initializer!.WithValues(values));
            }
        }
    }

    private static double[] Statistics(Model model) =>
        [.. model.Graph.Nodes.Where(n => n.OpType == "BatchNormalization").SelectMany(n => n.Required(3).Initializer!.ToDoubles())];

    private static TrainingOutcome? Run(
        TrainingOptions options,
        Recorder recorder,
        string? checkpoint = null,
        IReadOnlyDictionary<string, string>? request = null,
        bool restarts = false,
        Model? network = null,
        Stripes? heldOut = null)
    {
        using var kept = recorder;
        torch.set_num_threads(1);
        network ??= Stripes.Network();
        request ??= new Dictionary<string, string> { ["--lr"] = "0.05", ["--batch"] = "32", ["--epochs"] = "2" };
        var samples = new SampleStore(Description(network), (new Stripes(192, 1), null));
        using var run =
            new TrainingRun(
                network,
                network,
                samples,
                Validation(),
                options,
                torch.CPU,
                recorder,
                checkpoint,
                resumes: !restarts,
                request,
                heldOut: heldOut is null
                ? null
                : new SampleStore(
            Description(network),
            (heldOut, null)));
        return run.Run(recorder.Stop);
    }

    private static Validation Validation() => new(new Stripes(96, 2), null, SessionSettings.Plain);

    private static ValueDescription Description(Model model)
    {
        using var session = OnnxSession.Open(model, SessionSettings.Plain);
        return session.Inputs[0];
    }

    private static Tensor Input() => new Stripes(4, 3).Read([new ValueDescription("x", ElementType.Float, new Shape())], [0, 1, 2, 3])["x"];

    /// <summary>Does as <c>onnxprune masked.onnx pruned.onnx</c>.</summary>
    private static Model Apply(Model masked)
    {
        var copy = masked.Clone();
        ShapeInference.Infer(copy);
        return Pruner.Apply(copy, PruningPlan.FromJson(copy.Metadata[PruningPlan.MetadataKey], "the model"));
    }
}
