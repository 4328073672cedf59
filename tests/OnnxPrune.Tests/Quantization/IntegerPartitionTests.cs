using OnnxPrune.Graphs;
using OnnxPrune.Quantization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Quantization;

public sealed class IntegerPartitionTests
{
    [Fact]
    public void A_residual_sum_is_one_of_integers_where_its_branch_is()
    {
        var (draft, _, add) = Residual();

        Assert.Equal(IntegerForm.Arithmetic, draft.Partition(new Dictionary<string, string>())[add]);
    }

    [Fact]
    public void A_residual_sum_whose_branch_stays_float_is_a_float_sum()
    {
        var (draft, branch, add) = Residual();

        var partition = draft.Partition(new Dictionary<string, string> { [branch.Output.Name] = "it is asked for" });

        Assert.Equal(IntegerForm.None, partition[add]);
        Assert.Equal(["it is asked for"], partition.Islands.Select(i => i.Reason));
        Assert.Equal(3, partition.Layers.Count());
    }

    [Fact]
    public void A_network_with_made_up_ranges_has_all_layers_in_integers()
    {
        var (draft, _, _) = Residual();

        var model = draft.WithAnyRanges();

        Assert.All(model.Graph.Nodes.Where(n => n.OpType is "Conv" or "Gemm"), n =>
            Assert.All(n.Inputs, i => Assert.Equal("DequantizeLinear", i!.Producer!.OpType)));
    }

    private static (QuantizationDraft Draft, Node Branch, Node Add) Residual()
    {
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 8, 8), 8, kernel: 3));
        g.Classify(g.Relu(g.Add(g.Conv(g.Relu(g.Conv(x, 8, kernel: 3)), 8, kernel: 3), x)));
        var draft = QuantizationDraft.Of(ModelCopy.WithShapes(g.Build()), QuantizationScheme.Cpu);
        var add = draft.Model.Graph.Nodes.Single(n => n.OpType == "Add");
        return (draft, add.Required(0).Producer!, add);
    }
}
