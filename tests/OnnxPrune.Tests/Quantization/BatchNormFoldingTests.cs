using OnnxPrune.Quantization;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Quantization;

public sealed class BatchNormFoldingTests
{
    private const double Rounding = 1e-5;

    [Theory]
    [InlineData("behind a Conv")]
    [InlineData("behind a grouped Conv")]
    [InlineData("behind a ConvTranspose")]
    [InlineData("behind a Gemm")]
    [InlineData("in front of a Conv")]
    [InlineData("behind a Conv that others read")]
    [InlineData("at the output")]
    public void A_norm_becomes_part_of_a_layer(string where)
    {
        var model = ModelCopy.WithShapes(Make(where).Build());
        var inputs = RandomInputs.For(model, new Random(1));

        var draft = QuantizationDraft.Of(model, QuantizationScheme.Cpu).Model;

        Assert.DoesNotContain(draft.Graph.Nodes, n => n.OpType == "BatchNormalization");
        using var a = OnnxSession.Open(model, SessionSettings.Plain);
        using var b = OnnxSession.Open(draft, SessionSettings.Plain);
        Assert.InRange(MaskedEqualsPruned.RelativeError(a.Run(inputs), b.Run(inputs)), 0, Rounding);
    }

    private static TestGraph Make(string where)
    {
        var g = new TestGraph();
        var x = g.Input(4, 6, 6);
        switch (where)
        {
            case "behind a Conv":
                g.Close(g.BatchNorm(g.Conv(x, 8, kernel: 3)));
                break;
            case "behind a grouped Conv":
                g.Close(g.BatchNorm(g.Conv(x, 8, kernel: 3, group: 2)));
                break;
            case "behind a ConvTranspose":
                g.Close(g.BatchNorm(g.ConvTranspose(x, 8)));
                break;
            case "behind a Gemm":
                g.Output(g.BatchNorm(g.Linear(g.Flatten(g.GlobalAveragePool(x)), 5)));
                break;
            case "in front of a Conv":
                g.Close(g.Relu(g.BatchNorm(g.Relu(g.Conv(x, 8)))));
                break;
            case "behind a Conv that others read":
                var y = g.Conv(x, 8);
                g.Close(g.Add(g.BatchNorm(y), y));
                break;
            default:
                g.Output(g.BatchNorm(g.Conv(x, 8)));
                break;
        }

        return g;
    }
}
