using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Optimizers;
using TorchSharp;

namespace OnnxPrune.Torch.Tests.Modules;

/// <summary>Results of libtorch are those of ONNX Runtime: on every classifier of CIFAR images at hand.</summary>
public sealed class ExactnessTests
{
    private const double Tolerance = 1e-4;
    private const int Images = 4;

    public static TheoryData<string> Classifiers { get; } = new(
        "resnet20_cifar10_A_bn_op13.onnx",
        "resnet20_cifar10_A_fused_op13.onnx",
        "resnet56_cifar10_A_bn_op13.onnx",
        "resnet56_cifar10_A_fused_op13.onnx",
        "resnet56_cifar10_B_sparse_bn_op13.onnx",
        "resnet56_cifar10_B_sparse_fused_op13.onnx",
        "resnet56_cifar10_B_torchpruning_2.55x_bn_op13.onnx",
        "cifar10_resnet_2b.onnx",
        "cifar10_resnet_4b.onnx",
        "sri_resnet_a.onnx",
        "marabou_cifar10_medium.onnx",
        "ImageClassifier_cifar10.onnx");

    [SharedModelsTheory]
    [MemberData(nameof(Classifiers))]
    public void A_module_computes_what_the_runtime_does(string name)
    {
        // given
        var model = OnnxFile.Read(SharedFiles.Model(name));
        using var module = GraphModule.Of(model, torch.CPU);
        var input = Input(model);

        // when
        var (found, expected) = (ModuleRun.Torch(module, input), ModuleRun.Runtime(model, input));

        // then
        Assert.InRange(ModuleRun.Difference(expected, found), 0, Tolerance);
    }

    [SharedModelsTheory]
    [MemberData(nameof(Classifiers))]
    public void After_a_step_the_exported_model_computes_what_the_module_does(string name)
    {
        // given
        var original = OnnxFile.Read(SharedFiles.Model(name));
        var model = OnnxFile.Read(SharedFiles.Model(name));
        var inserted = BatchNormInsertion.Apply(model);
        using var module = GraphModule.Of(model, torch.CPU);
        var input = Input(model);
        BatchNormCalibration.Apply(module, [TensorBridge.ToTorch(input, torch.CPU)]);
        var before = ModuleRun.Torch(module, input);

        // when
        Step(module, input);
        var trained = ModuleRun.Torch(module, input);
        module.WriteBack();
        BatchNormInsertion.Fold(model);
        var exported = ModuleRun.Runtime(model, input);

        // then
        Assert.InRange(ModuleRun.Difference(ModuleRun.Runtime(original, input), before), 0, Tolerance);
        Assert.True(ModuleRun.Difference(before, trained) > 10 * Tolerance, "the step changed nothing");
        Assert.InRange(ModuleRun.Difference(trained, exported), 0, Tolerance);
        Assert.Equal(name.Contains("_bn_", StringComparison.Ordinal), inserted == 0);
        Assert.Equal(original.Graph.Nodes.Select(n =>
            n.Name).Except(model.Graph.Nodes.Select(n => n.Name)).Count(), original.Graph.Nodes.Count - model.Graph.Nodes.Count);
        Assert.Equal(original.Metadata, model.Metadata);
    }

    [SharedModelsTheory]
    [MemberData(nameof(Classifiers))]
    public void With_norms_folded_it_computes_and_exports_the_same_without_learning_their_scales(string name)
    {
        // given
        var model = OnnxFile.Read(SharedFiles.Model(name));
        var nodes = Nodes();
        ShapeInference.Infer(model);
        using var module = new GraphModule(model, ConcreteShapes.Infer(model, null, batch: 2).Values, torch.CPU, foldsNorms: true);
        var input = Input(model);
        var (before, expected) = (ModuleRun.Torch(module, input), ModuleRun.Runtime(model, input));

        // when
        Step(module, input, training: false);
        var trained = ModuleRun.Torch(module, input);
        module.WriteBack();
        var exported = ModuleRun.Runtime(model, input);

        // then
        Assert.InRange(ModuleRun.Difference(expected, before), 0, Tolerance);
        Assert.True(ModuleRun.Difference(before, trained) > 10 * Tolerance, "the step changed nothing");
        Assert.InRange(ModuleRun.Difference(trained, exported), 0, Tolerance);

        // An Identity between a weight and its reader goes where the reader gets a weight of its own.
        Assert.Equal(nodes.Where(n => !IsIdentity(n)), Nodes().Where(n => !IsIdentity(n)));
        if (!nodes.Any(IsIdentity))
        {
            // Scales that several norms share, through Identity nodes, are not folded.
            Assert.DoesNotContain(module.Weights, w => w.IsNormScale);
        }

        static bool IsIdentity((string Name, int Inputs) node) => node.Name.StartsWith("Identity", StringComparison.Ordinal);

        (string Name, int Inputs)[] Nodes() => [.. model.Graph.Nodes.Select(n => (n.Name, n.Inputs.Count))];
    }

    private static Tensor Input(Model model)
    {
        using var session = OnnxSession.Open(model, SessionSettings.Plain);
        long[] image = [.. session.Inputs[0].Shape.Skip(1).Select(d => d.Size!.Value)];
        var random = new Random(1);
        return Tensor.Of(
            [.. Enumerable.Range(0, (int)(Images * image.Aggregate((a, b) => a * b))).Select(_ => (float)RandomWeights.Normal(random))],
            [Images, .. image]);
    }

    private static void Step(GraphModule module, Tensor input, bool training = true)
    {
        using var scope = torch.NewDisposeScope();
        using var optimizer = new Sgd(module.Parameters, 0.9, 0);
        for (var i = 0; i < 2; i++)
        {
            optimizer.ClearGradients();
            var scores = module.Forward(TensorBridge.ToTorch(input, torch.CPU), training);
            var labels = new float[Images * scores.shape[1]];
            for (var n = 0; n < Images; n++)
            {
                labels[(n * scores.shape[1]) + n] = 1;
            }

            torch.nn.functional.cross_entropy(scores, torch.tensor(labels, scores.shape)).backward();
            optimizer.Step(training ? 0.01 : 0.001);
        }
    }
}
