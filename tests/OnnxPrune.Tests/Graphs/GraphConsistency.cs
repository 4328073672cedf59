using OnnxPrune.Graphs;

namespace OnnxPrune.Tests.Graphs;

/// <summary>The links of a graph tell the same from both ends.</summary>
internal static class GraphConsistency
{
    public static void Assert(Graph graph)
    {
        var nodes = graph.Nodes.ToHashSet();
        var uses = graph.Nodes
            .SelectMany(n => n.Inputs
                .Select((value, index) => (Value: value, Use: new Use(n, index)))
                .Concat(n.Captures.Select(c => (Value: (Value?)c, Use: new Use(n, Use.Captured)))))
            .Where(u => u.Value is not null)
            .ToLookup(u => u.Value!, u => u.Use);
        foreach (var value in graph.Values)
        {
            Xunit.Assert.Same(value, graph.Find(value.Name));
            Xunit.Assert.Equal(uses[value].ToHashSet(), value.Uses.ToHashSet());
            Xunit.Assert.Equal(uses[value].Count(), value.Uses.Count);
            Xunit.Assert.Equal(graph.Outputs.Contains(value), value.IsGraphOutput);
            Xunit.Assert.Equal(graph.Inputs.Contains(value), value.IsGraphInput);
            Xunit.Assert.Equal(graph.Initializers.Contains(value), value.IsInitializer);
            Xunit.Assert.True(value.Producer is null || (nodes.Contains(value.Producer) && value.Producer.Outputs.Contains(value)));
        }

        Xunit.Assert.All(uses.Select(u => u.Key), v => Xunit.Assert.Same(v, graph.Find(v.Name)));
        Xunit.Assert.All(graph.Nodes, n => Xunit.Assert.All(n.Outputs.OfType<Value>(), o => Xunit.Assert.Same(n, o.Producer)));
        Xunit.Assert.All(
            graph.Inputs.Concat(graph.Outputs).Concat(graph.Initializers), v => Xunit.Assert.Same(v, graph.Find(v.Name)));
    }
}
