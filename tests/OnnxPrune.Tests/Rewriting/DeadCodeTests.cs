using OnnxPrune.Planning;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Rewriting;

public sealed class DeadCodeTests
{
    [Fact]
    public void Constants_that_only_dead_nodes_read_leave_when_these_read_others()
    {
        // given: a Slice that no output needs, on channels that are cut
        var g = new TestGraph();
        var x = g.Relu(g.Conv(g.Input(3, 8, 8), 8, 3));
        var start = g.Longs(2);
        g.Op("Slice", [x, start, g.Longs(int.MaxValue), g.Longs(1)]);
        var unread = g.Longs(7);
        g.Close(x);
        var model = ModelCopy.WithShapes(g.Build());

        // when
        var pruned = Pruner.Apply(model, new PruningPlan([], [new LayerCut("conv1", 1, 8, [0, 3, 4])], AbsorbMeans: true));

        // then: what was nobody's before is not ours
        Assert.Null(pruned.Graph.Find(start));
        Assert.NotNull(pruned.Graph.Find(unread));
        Assert.Contains(pruned.Graph.Nodes, n => n.OpType == "Slice");
    }
}
