using OnnxPrune.Testing;
using OnnxPrune.Training.Modules;
using TorchSharp;

namespace OnnxPrune.Training.Tests.Modules;

public sealed class UnsupportedTests
{
    [Fact]
    public void An_operator_without_a_rule_is_named_in_one_sentence()
    {
        // given
        var g = new TestGraph();
        g.Output(g.Op("Selu", g.Conv(g.Input(3, 4, 4), 2)));

        // when
        var failure = Assert.Throws<UnsupportedModelException>(() => GraphModule.Of(g.Build(), torch.CPU));

        // then
        Assert.Equal("Selu 'selu1' cannot be trained: there is no rule for Selu; pruning with --calib needs none.", failure.Message);
    }

    [Fact]
    public void What_libtorch_refuses_is_an_exception_and_no_crash()
    {
        using var scope = torch.NewDisposeScope();

        var failure = Assert.ThrowsAny<Exception>(() => torch.tensor(new[] { 1f, 2f }, [2]).matmul(torch.tensor(new[] { 1f, 2f, 3f }, [3])));

        Assert.Contains("size", failure.Message, StringComparison.Ordinal);
    }
}
