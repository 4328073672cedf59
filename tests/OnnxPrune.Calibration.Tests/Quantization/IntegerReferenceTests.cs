using OnnxPrune.Calibration.Quantization;
using OnnxPrune.Graphs;
using OnnxPrune.Operators;
using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Calibration.Tests.Quantization;

/// <summary>
/// Whole numbers are the oracle: what ONNX Runtime computes of the written model is off by one step of the output's scale at most, and
/// fusing changes little.
/// </summary>
public sealed class IntegerReferenceTests
{
    // What one more rounding of each value may change in the outputs, relative to their size. A wrong scale or zero point changes all of
    // them.
    private const double FusedTolerance = 0.03;

    public static TheoryData<string> Operators { get; } = [.. OperatorTable.Rules.Keys.Where(o =>
        o is not ("RoiAlign" or "QuantizeLinear" or "DequantizeLinear"))];

    [Theory]
    [MemberData(nameof(Operators))]
    public void The_written_model_computes_what_whole_numbers_give_to_one_step(string op)
    {
        var model = ModelCopy.WithShapes(OperatorSamples.For(op).Build());
        var inputs = RandomInputs.For(model, new Random(1));

        foreach (var scheme in new[] { QuantizationScheme.Cpu, QuantizationScheme.Xnnpack })
        {
            var quantized = Quantize(model, inputs, scheme);

            Assert.All(IntegerReference.Steps(quantized, inputs), steps => Assert.InRange(steps.Value, 0, 1));
        }
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void Fused_kernels_compute_what_the_operators_do(string op)
    {
        var model = ModelCopy.WithShapes(OperatorSamples.For(op).Build());
        var inputs = RandomInputs.For(model, new Random(2));
        var quantized = Quantize(model, inputs, IntegerProducts.SchemeOfThisMachine);

        using var plain = OnnxSession.Open(quantized, SessionSettings.Plain);
        using var fused = OnnxSession.Open(quantized, new SessionSettings { Threads = 1 });

        Assert.InRange(DriftMeter.Measure(plain, fused, [inputs]).Total, 0, FusedTolerance);
    }

    [Fact]
    public void A_network_for_tensorrt_is_symmetric_and_quantizes_the_shortcut_alone()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 8, 8), 8, kernel: 3));
        g.Classify(g.Relu(g.Add(g.Conv(x, 8, kernel: 3), x)));
        var model = ModelCopy.WithShapes(g.Build());

        var quantized = Quantize(model, RandomInputs.For(model, new Random(3)), QuantizationScheme.TensorRt);

        var add = quantized.Graph.Nodes.Single(n => n.OpType == "Add");
        Assert.Equal("Conv", add.Inputs[0]!.Producer!.OpType);
        Assert.Equal("DequantizeLinear", add.Inputs[1]!.Producer!.OpType);
        Assert.All(quantized.Graph.Nodes.Where(n => n.OpType == "QuantizeLinear"), n =>
            Assert.Equal((sbyte)0, n.Inputs[2]!.Initializer!.As<sbyte>()[0]));
        Assert.All(quantized.Graph.Nodes.Where(n => n.OpType == "Conv"), n => Assert.True(n.Inputs[2]!.IsInitializer));
    }

    private static Model Quantize(Model model, IReadOnlyDictionary<string, Tensor> inputs, QuantizationScheme scheme) =>
        PostTrainingQuantizer.Run(model, [inputs], scheme, new SessionSettings { Threads = 1 }).Model;
}
