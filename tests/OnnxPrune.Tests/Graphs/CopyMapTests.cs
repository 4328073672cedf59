using OnnxPrune.Graphs;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Graphs;

public sealed class CopyMapTests
{
    [Fact]
    public void Every_node_and_value_has_a_copy_in_the_same_place()
    {
        // given
        var g = new TestGraph();
        var x = g.ConvBnRelu(g.Input(3, 4, 4), 4);
        g.Close(g.Add(g.Conv(x, 4), x));
        var model = g.Build();

        // when
        var copy = model.Clone(out var copyOf);

        // then
        Assert.Equal(model.Graph.Nodes.Select(n => copyOf[n]), copy.Graph.Nodes);
        Assert.Equal(model.Graph.Outputs.Select(v => copyOf[v]), copy.Graph.Outputs);
        Assert.All(model.Graph.Values, v => Assert.Same(copy.Graph.Find(v.Name), copyOf[v]));
        Assert.All(model.Graph.Nodes, n => Assert.Equal(n.Inputs.Select(v => v is null ? null : copyOf[v]), copyOf[n].Inputs));
        Assert.All(model.Graph.Values.SelectMany(v => v.Uses), u => Assert.Contains(copyOf[u], copyOf[u.Node.Inputs[u.Index]!].Uses));
    }

    [Fact]
    public void Table_of_the_originals_values_becomes_one_of_the_copys()
    {
        var g = new TestGraph();
        g.Close(g.Conv(g.Input(3, 4, 4), 4));
        var (model, other) = (g.Build(), new TestGraph());
        other.Close(other.Conv(other.Input(3, 4, 4), 4));
        var (own, foreign) = (model.Graph.Outputs[0], other.Build().Graph.Outputs[0]);

        model.Clone(out var copyOf);

        Assert.Equal([new(copyOf[own], 1)], copyOf.Of(new Dictionary<Value, int> { [own] = 1, [foreign] = 2 }));
    }
}
