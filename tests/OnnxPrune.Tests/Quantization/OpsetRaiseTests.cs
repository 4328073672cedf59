using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Quantization;

/// <summary>A draft of an older operator set computes what the original computes.</summary>
public sealed class OpsetRaiseTests
{
    private const double Rounding = 1e-5;

    public static TheoryData<string, long> Cases { get; } = new()
    {
        { "Squeeze", 9 }, { "Clip", 9 }, { "Pad", 10 }, { "Slice", 9 }, { "Split", 11 }, { "Softmax", 9 }, { "Upsample", 9 },
        { "Upsample linear", 9 }, { "Resize", 10 }, { "ReduceSum", 11 }, { "Dropout", 10 },
        { "BatchNormalization", 8 }, { "Sum", 8 }, { "ReduceMean", 11 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_raised_model_computes_the_same(string op, long opset)
    {
        var model = ModelCopy.WithShapes(Make(op, opset).Build());
        var inputs = RandomInputs.For(model, new Random(1));

        var draft = QuantizationDraft.Of(model, QuantizationScheme.Cpu).Model;

        using var a = OnnxSession.Open(model, SessionSettings.Plain);
        using var b = OnnxSession.Open(draft, SessionSettings.Plain);
        Assert.InRange(MaskedEqualsPruned.RelativeError(a.Run(inputs), b.Run(inputs)), 0, Rounding);
        Assert.Equal(13, draft.Opset);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(5)]
    public void Older_sets_are_refused(long opset)
    {
        var model = Make("Relu", opset).Build();

        var refusal = Assert.Throws<UnsupportedModelException>(() => QuantizationDraft.Of(model, QuantizationScheme.Cpu));

        Assert.Contains("export it anew", refusal.Message);
    }

    [Fact]
    public void A_Softmax_over_several_axes_at_once_is_refused()
    {
        var g = new TestGraph { Opset = 11 };
        g.Output(g.Op("Softmax", g.Conv(g.Input(3, 4, 4), 4), ("axis", 1L)));

        var refusal = Assert.Throws<UnsupportedModelException>(() =>
            QuantizationDraft.Of(ModelCopy.WithShapes(g.Build()), QuantizationScheme.Cpu));

        Assert.Contains("Softmax 'softmax1'", refusal.Message);
    }

    private static TestGraph Make(string op, long opset)
    {
        var g = new TestGraph { Opset = opset };
        var x = g.Conv(g.Input(3, 6, 6), 8, kernel: 3);
        g.Close(op switch
        {
            "Squeeze" =>
                new Wire(g.Op(
                    "Unsqueeze",
                    [g.Op("Squeeze", [g.GlobalAveragePool(x)], ("axes", new long[] { 2, 3 }))],
                    ("axes", new long[] { 2, 3 })), 8),
            "Clip" => g.Op("Clip", x, ("min", 0f), ("max", 6f)),
            "Pad" => g.Op("Pad", x, ("pads", new long[] { 0, 0, 1, 1, 0, 0, 1, 1 }), ("value", 0.25f)),
            "Slice" => g.Op("Slice", x, ("starts", new long[] { 1 }), ("ends", new long[] { 5 }), ("axes", new long[] { 2 })),
            "Split" => g.Ops("Split", [x], 2, ("axis", 1L), ("split", new long[] { 5, 3 })) is var parts
                ? g.Concat(1, new Wire(parts[1], 3), new Wire(parts[0], 5))
                : default,
            "Softmax" => g.Op("Softmax", x, ("axis", 3L)),
            "Upsample" => new Wire(g.Op("Upsample", [x, g.Floats(1, 1, 2, 2)]), 8),
            "Upsample linear" => new Wire(g.Op("Upsample", [x, g.Floats(1, 1, 2, 2)], ("mode", "linear")), 8),
            "Resize" => new Wire(g.Op("Resize", [x, g.Floats(1, 1, 2, 2)]), 8),
            "ReduceSum" or "ReduceMean" => g.Op(op, x, ("axes", new long[] { 2, 3 })),
            "Dropout" => g.Op("Dropout", x, ("ratio", 0.3f)),
            "BatchNormalization" => g.BatchNorm(x),
            "Sum" => new Wire(g.Op("Sum", [x, g.Relu(x)]), 8),
            _ => g.Relu(x),
        });
        return g;
    }
}
