using OnnxPrune.Channels;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests;

/// <summary>Short questions to a test graph.</summary>
internal static class Pruned
{
    /// <summary>The layers that make channels which can be cut, sorted.</summary>
    public static IReadOnlyList<string> Layers(TestGraph graph) =>
        [.. ChannelFlow.Through(ModelCopy.WithShapes(graph.Build())).Groups.SelectMany(g => g.Producers).Select(n => n.Label).Distinct()
            .Order(StringComparer.Ordinal)];
}
