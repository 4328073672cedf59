using OnnxPrune.Operators;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Operators;

public sealed class OperatorTableTests
{
    // What their channels' number is used for, if for nothing else than shapes, keeps the channels.
    private static readonly string[] s_blocking = ["Size"];

    public static TheoryData<string> Operators => [.. OperatorTable.Rules.Keys.Except(s_blocking)];

    [Theory]
    [MemberData(nameof(Operators))]
    public void Masked_equals_pruned_through_every_operator_of_the_table(string op)
    {
        var graph = OperatorSamples.For(op);

        Assert.Contains(graph.Proto.Graph.Node, n => n.OpType == op);
        Oracle.Holds(graph, "conv1");
    }

    [Fact]
    public void Size_keeps_the_channels_whose_number_it_gives_away() =>
        Oracle.Blocks(OperatorSamples.For("Size"), "conv1", "reads its channel count as a number");
}
