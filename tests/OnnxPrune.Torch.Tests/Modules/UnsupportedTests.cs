using OnnxPrune.Testing;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Tests.Operators;
using TorchSharp;

namespace OnnxPrune.Torch.Tests.Modules;

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

    [Theory]
    [InlineData("[2, 7]", "MatMul 'matmul1' cannot be trained: it multiplies [2, 7] by [3, 5], which do not fit together.")]
    [InlineData("[7]", "MatMul 'matmul1' cannot be trained: it multiplies [7] by [3, 5], which do not fit together.")]
    public void What_libtorch_refuses_is_an_exception_and_no_crash(string size, string message)
    {
        // given
        using var scope = torch.NewDisposeScope();
        var g = new TestGraph();
        g.Output(g.Binary("MatMul", g.Input(3), g.Weight(3, 5)));
        using var module = GraphModule.Of(g.Build(), torch.CPU);

        // when
        var failure = Assert.Throws<UnsupportedModelException>(() =>
            module.Forward(torch.zeros(System.Text.Json.JsonSerializer.Deserialize<long[]>(size)!), training: false));

        // then
        Assert.Equal(message, failure.Message);
    }

    /// <summary>A crash would end the whole test run.</summary>
    [Theory]
    [MemberData(nameof(GradientTests.Operators), MemberType = typeof(GradientTests))]
    public void No_operator_crashes_on_sizes_that_do_not_fit(string operation)
    {
        using var scope = torch.NewDisposeScope();
        using var module = GradientTests.Sample(operation);
        foreach (var size in new long[][] { [3], [2, 1], [2, 7], [2, 7, 1], [2, 1, 1, 1], [2, 7, 5, 3], [0, 7, 2, 2], [1, 2, 3, 4, 5] })
        {
            foreach (var type in new[] { torch.ScalarType.Float64, torch.ScalarType.Float32 })
            {
                var failure = Record.Exception(() => module.Forward(torch.ones(size, type), training: true));
                Assert.True(failure is null or UnsupportedModelException, $"[{string.Join(", ", size)}] {type}: {failure}");
            }
        }
    }
}
