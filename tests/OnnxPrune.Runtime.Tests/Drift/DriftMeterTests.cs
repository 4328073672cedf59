using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Drift;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Runtime.Tests.Drift;

public sealed class DriftMeterTests
{
    private static byte[] Scale(float factor, string output = "y") => new TinyModel()
        .Input("x float [N, 2]").Output($"{output} float [N, 2]").Output("top int64")
        .Weight("w", [factor], 1).Node($"{output} = Mul(x, w)").Node($"top = ArgMax({output})", ("axis", 1L)).ToBytes();

    private static IEnumerable<IReadOnlyDictionary<string, Tensor>> Inputs =>
        [
            new Dictionary<string, Tensor> { ["x"] = Tensor.Of([3f, 4f], 1, 2) },
            new Dictionary<string, Tensor> { ["x"] = Tensor.Of([0f, 5f], 1, 2) }
        ];

    [Fact]
    public void The_drift_is_the_relative_error_over_all_inputs()
    {
        using var original = OnnxSession.Open(Scale(2));
        using var pruned = OnnxSession.Open(Scale(1.5f));

        var report = DriftMeter.Measure(original, pruned, Inputs);

        Assert.Equal(0.25, report.Total, 6);
        Assert.Equal(2.5, report.Outputs[0].LargestError!.Value, 6);
        Assert.Equal(1, report.Outputs[1].EqualShare);
        Assert.Equal(2, report.Runs);
    }

    [Fact]
    public void Integer_outputs_are_compared_for_equality()
    {
        using var original = OnnxSession.Open(Scale(1));
        using var pruned = OnnxSession.Open(Scale(-1));

        Assert.Equal(0, DriftMeter.Measure(original, pruned, Inputs).LowestEqualShare);
    }

    [Fact]
    public void Outputs_must_have_the_same_names_and_be_finite()
    {
        using var original = OnnxSession.Open(Scale(1));
        using var renamed = OnnxSession.Open(Scale(1, "other"));
        using var infinite = OnnxSession.Open(Scale(float.PositiveInfinity), name: "p.onnx");

        Assert.Throws<UsageException>(() => new DriftMeter(original, renamed));
        var e = Assert.Throws<UnsupportedModelException>(() => DriftMeter.Measure(original, infinite, Inputs));
        Assert.Equal("'p.onnx': the output 'y' holds Infinity at element 0, where the original has 3.", e.Message);
    }

    [Fact]
    public void A_model_does_not_drift_from_itself()
    {
        using var session = OnnxSession.Open(Scale(0));

        Assert.Equal(0, DriftMeter.Measure(session, session, Inputs).Total);
    }
}
